package exposition

import (
	"net/http"
	"strconv"
	"strings"
)

// negotiateEncoding returns the content encoding that promhttp would choose: the
// one of the highest quality, and of equals the first of identity, gzip, zstd. A
// client that accepts none of them gets identity. The rest of a line that cannot be
// read is passed over.
func negotiateEncoding(header http.Header) encoding {
	var quality [encodingCount]float64
	for _, line := range header.Values("Accept-Encoding") {
		for element := range strings.SplitSeq(line, ",") {
			name, q, ok := parseAccepted(element)
			if !ok {
				break
			}
			for e := range encodingCount {
				if name == "*" || name == e.String() {
					quality[e] = max(quality[e], q)
				}
			}
		}
	}
	best := identity
	for e, q := range quality {
		if q > quality[best] {
			best = encoding(e)
		}
	}
	return best
}

// parseAccepted reads an element such as "gzip;q=0.5".
func parseAccepted(element string) (name string, quality float64, ok bool) {
	name, parameter, hasParameter := strings.Cut(element, ";")
	name = strings.TrimSpace(name)
	if name == "" || strings.ContainsAny(name, " \t") {
		return "", 0, false
	}
	if !hasParameter {
		return name, 1, true
	}
	q, ok := strings.CutPrefix(strings.TrimSpace(parameter), "q=")
	quality, err := strconv.ParseFloat(q, 64)
	return name, quality, ok && err == nil && quality >= 0 && quality <= 1
}
