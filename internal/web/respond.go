package web

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"strconv"
	"strings"
)

// gzipFrom is the size in bytes from which compressing is worth the while.
const gzipFrom = 1400

// write sends a body that no cache may keep, compressed if the client likes.
func (h *handler) write(w http.ResponseWriter, r *http.Request, contentType string, body []byte) {
	header := w.Header()
	header.Set("Content-Type", contentType)
	header.Set("Cache-Control", "no-store")
	header.Add("Vary", "Accept-Encoding")
	if len(body) >= gzipFrom && acceptsGzip(r) {
		header.Set("Content-Encoding", "gzip")
		body = compress(body)
	}
	header.Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body) // a failed write means that the client has gone
}

// acceptsGzip tells whether a client takes gzip without having refused it.
func acceptsGzip(r *http.Request) bool {
	for _, value := range r.Header.Values("Accept-Encoding") {
		for coding := range strings.SplitSeq(value, ",") {
			name, weight, _ := strings.Cut(coding, ";")
			if strings.EqualFold(strings.TrimSpace(name), "gzip") {
				q, given := strings.CutPrefix(strings.ReplaceAll(weight, " ", ""), "q=")
				n, err := strconv.ParseFloat(q, 64)
				return !given || err == nil && n > 0
			}
		}
	}
	return false
}

func compress(body []byte) []byte {
	var out bytes.Buffer
	// Neither fails on a buffer, nor is the level unknown.
	z, _ := gzip.NewWriterLevel(&out, gzip.BestSpeed)
	_, _ = z.Write(body)
	_ = z.Close()
	return out.Bytes()
}
