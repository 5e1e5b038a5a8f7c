package exposition

import (
	"net/http"
	"strconv"
	"strings"
)

// negotiateEncoding returns the content encoding that promhttp would choose: the
// one of the highest quality, and of equals the first of identity, gzip, zstd. A
// client that accepts none of them gets identity.
func negotiateEncoding(header http.Header) encoding {
	best, bestQuality := identity, -1.0
	accepted := parseAcceptEncoding(header.Values("Accept-Encoding"))
	for e := range encodingCount {
		for _, a := range accepted {
			if a.quality > bestQuality && (a.name == "*" || a.name == e.String()) {
				best, bestQuality = e, a.quality
			}
		}
	}
	if bestQuality == 0 {
		return identity
	}
	return best
}

type acceptedEncoding struct {
	name    string
	quality float64
}

// parseAcceptEncoding reads the field lines of an Accept-Encoding header. The rest
// of a line that cannot be read is passed over.
func parseAcceptEncoding(lines []string) []acceptedEncoding {
	var accepted []acceptedEncoding
	for _, line := range lines {
		for element := range strings.SplitSeq(line, ",") {
			name, parameter, hasParameter := strings.Cut(element, ";")
			a := acceptedEncoding{name: strings.TrimSpace(name), quality: 1}
			if a.name == "" || strings.ContainsAny(a.name, " \t") {
				break
			}
			if hasParameter {
				q, ok := strings.CutPrefix(strings.TrimSpace(parameter), "q=")
				quality, err := strconv.ParseFloat(q, 64)
				if !ok || err != nil || !(quality >= 0 && quality <= 1) {
					break
				}
				a.quality = quality
			}
			accepted = append(accepted, a)
		}
	}
	return accepted
}
