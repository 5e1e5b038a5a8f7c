package web

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
)

// api is the content of the page as JSON; docs/status-api.md describes it.
func (h *handler) api(w http.ResponseWriter, r *http.Request) {
	asked := r.URL.Query()
	sel := selection{manager: asked.Get("manager"), server: asked.Get("server"), task: asked.Get("task")}
	sel.details = sel.task != "" || asked.Get("details") == "true"

	body := buffers.Get().(*bytes.Buffer)
	defer buffers.Put(body)
	body.Reset()
	encoder := json.NewEncoder(body)
	encoder.SetEscapeHTML(true) // so that a browser takes nothing in it for markup, whatever it believes the type to be
	if err := encoder.Encode(view(h.Status(), h.Now(), sel)); err != nil {
		h.Logger.Error("cannot encode the status", slog.Any("err", err))
		plain(w, http.StatusInternalServerError, "cannot encode the status\n")
		return
	}
	h.write(w, r, "application/json", body.Bytes())
}
