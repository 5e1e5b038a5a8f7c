package aemtest

import (
	_ "embed"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"github.com/qem-exporter/qem_exporter/aem/internal/wire"
)

// apiError is an error as the API, or the web server before it, tells it.
type apiError struct {
	status        int
	code, message string
	page          string
}

func (e *apiError) Error() string { return e.code + ": " + e.message }

//go:embed errors.txt
var errorTexts string

// texts are what the API says of errors, by code, or by code/method.
var texts = sync.OnceValue(func() map[string]string {
	texts := map[string]string{}
	for line := range strings.Lines(errorTexts) {
		key, text, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		texts[key] = text
	}
	return texts
})

// failed makes an error of the API: HTTP 500, as nearly all of them. Its text may name
// what the path and the query name; others are names in braces and values by turns.
func (c *call) failed(code string, others ...string) *apiError {
	operation := c.operation()
	text, ok := texts()[code+"/"+operation]
	if !ok {
		text = texts()[code]
	}
	server, task := c.server, c.task
	if c.srv != nil {
		server = c.srv.name()
	}
	if c.t != nil {
		task = c.t.name()
	}
	values := append(others, "{operation}", operation, "{server}", server, "{task}", task, "{endpoint}", c.object,
		"{schema}", c.query.Get("schema"), "{table}", c.query.Get("table"))
	return &apiError{status: http.StatusInternalServerError, code: code,
		message: strings.NewReplacer(values...).Replace(text)}
}

// missing is the error of a request without a field that it must have.
func (c *call) missing(field string) error { return c.failed("AEM_MISSING_FIELD", "{field}", field) }

func (c *call) undecoded(kind, reason string) error {
	return c.failed("DESERIALIZE_TO_TYPE", "{type}", kind, "{reason}", reason)
}

func (c *call) unauthorized(status int) error {
	e := c.failed("UNAUTHORIZED_REQUEST")
	e.status = status
	return e
}

func (c *call) invalidSession() *apiError {
	e := c.failed("INVALID_SESSION_ID")
	e.status = c.opts.ExpiredStatus
	return e
}

// webError is a page of the web server before the API.
func webError(status int, detail string) error {
	title := http.StatusText(status)
	return &apiError{status: status, page: fmt.Sprintf(
		"<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 4.01//EN\"\"http://www.w3.org/TR/html4/strict.dtd\">\r\n"+
			"<HTML><HEAD><TITLE>%s</TITLE></HEAD>\r\n<BODY><h2>%[1]s</h2>\r\n"+
			"<hr><p>HTTP Error %d. %s</p>\r\n</BODY></HTML>\r\n", title, status, detail)}
}

// fail makes an error the answer of the call.
func (c *call) fail(e *apiError) {
	c.status = e.status
	if c.text = e.page != ""; c.text {
		c.out = append(c.buffer(), e.page...)
		return
	}
	w := wire.NewWriter(c.buffer(), wire.RealWorld)
	w.Open()
	w.Str("error_code", e.code)
	w.Str("error_message", e.message)
	w.Close()
	c.out = w.B
}
