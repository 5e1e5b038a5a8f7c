package web

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"net/http"
	"strings"
)

//go:embed assets
var assetFiles embed.FS

// asset is a file that the page loads. Its address has a hash of its content, so
// that browsers may keep it for good.
type asset struct {
	Path        string // below the page, without a leading slash
	contentType string
	body        []byte
}

// loadAssets are what the page loads: the style, the script, the icon.
func loadAssets() map[string]*asset {
	all := map[string]*asset{}
	for name, contentType := range map[string]string{"page.css": "text/css; charset=utf-8",
		"page.js": "text/javascript; charset=utf-8", "icon.svg": "image/svg+xml"} {
		body, err := assetFiles.ReadFile("assets/" + name)
		if err != nil {
			panic(err) // the binary was built without it, which the build prevents
		}
		sum := sha256.Sum256(body)
		stem, extension, _ := strings.Cut(name, ".")
		path := "static/" + stem + "." + hex.EncodeToString(sum[:6]) + "." + extension
		all[name] = &asset{path, contentType, body}
	}
	return all
}

func (a *asset) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Type", a.contentType)
	header.Set("Cache-Control", "public, max-age=31536000, immutable")
	_, _ = w.Write(a.body) // a failed write means that the client has gone
}
