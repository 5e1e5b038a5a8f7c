package wire

import (
	"reflect"
	"strconv"
	"time"
	"unsafe"

	"github.com/go-json-experiment/json/jsontext"
)

// A Style is a way to write the API's JSON.
type Style uint8

// The styles.
const (
	// Own keeps everything, and says null for what is absent.
	Own Style = iota
	// RealWorld is what servers send and take.
	RealWorld
	// Guide is what the API guide prints: numbers and booleans in quotes, "NONE" for no
	// message.
	Guide
	// Legacy is what old releases send: enums as numbers, blanks in times, a byte order
	// mark.
	Legacy

	styles
)

// A Writer appends JSON in a style.
type Writer struct {
	B     []byte
	Style Style
	// Product leaves out what only tasks of the other product have; "": nothing.
	Product string
	// Invalid is set by a text that is not valid UTF-8.
	Invalid bool
}

// NewWriter makes a writer that appends to b.
func NewWriter(b []byte, style Style) *Writer {
	if style == Legacy {
		b = append(b, ByteOrderMark...)
	}
	return &Writer{B: b, Style: style}
}

// comma separates what follows from what stands before it.
func (w *Writer) comma() {
	if n := len(w.B); n > 0 {
		switch w.B[n-1] {
		case '{', '[', ':', ByteOrderMark[2]: // a text ends in a quote
		default:
			w.B = append(w.B, ',')
		}
	}
}

// Key starts a member. Keys are plain ASCII.
func (w *Writer) Key(k string) {
	w.comma()
	w.B = append(append(append(w.B, '"'), k...), '"', ':')
}

// Open starts an object, as an element or after a key.
func (w *Writer) Open() {
	w.comma()
	w.B = append(w.B, '{')
}

// Object starts an object that is a member.
func (w *Writer) Object(k string) {
	w.Key(k)
	w.B = append(w.B, '{')
}

// Close ends an object.
func (w *Writer) Close() { w.B = append(w.B, '}') }

// List starts a list that is a member.
func (w *Writer) List(k string) {
	w.Key(k)
	w.B = append(w.B, '[')
}

// EndList ends a list.
func (w *Writer) EndList() { w.B = append(w.B, ']') }

// Str writes a text.
func (w *Writer) Str(k, v string) {
	w.Key(k)
	w.Text(v)
}

// Null writes a null.
func (w *Writer) Null(k string) {
	w.Key(k)
	w.B = append(w.B, "null"...)
}

// quoted writes what append does, in quotes where the style has them.
func (w *Writer) quoted(appendTo func([]byte) []byte, bare bool) {
	if w.Style != Guide || bare {
		w.B = appendTo(w.B)
		return
	}
	w.B = append(appendTo(append(w.B, '"')), '"')
}

// Members writes the members of v, an object that is open.
func (t *Table[T]) Members(w *Writer, v *T) { w.entries(t.write[w.Style], unsafe.Pointer(v)) }

// Write writes v as an object.
func (t *Table[T]) Write(w *Writer, v *T) {
	w.Open()
	t.Members(w, v)
	w.Close()
}

// Marshal writes v alone. It returns false when a text is not valid UTF-8.
func (t *Table[T]) Marshal(v *T, style Style) ([]byte, bool) {
	w := Writer{Style: style}
	t.Write(&w, v)
	return w.B, !w.Invalid
}

func (w *Writer) entries(list []entry, base unsafe.Pointer) {
	for i := range list {
		e := &list[i]
		switch {
		case e.foreign(w.Product), e.omit && e.empty(base):
		case e.field == nil && w.Style != Own && e.null && e.empty(base):
			w.Null(e.key)
		case e.field == nil:
			w.Object(e.key)
			w.entries(e.entries, base)
			w.Close()
		case e.field.with["omitempty"] && e.empty(base):
		default:
			w.Key(e.key)
			w.field(e.field, e.field.in(base))
		}
	}
}

// foreign reports whether the member belongs to tasks of the other product.
func (e *entry) foreign(product string) bool {
	return product != "" && e.product != "" && e.product != product
}

// empty reports whether the member has no value.
func (e *entry) empty(base unsafe.Pointer) bool {
	if e.field != nil {
		v := reflect.NewAt(e.field.typ, e.field.in(base)).Elem()
		return v.IsZero() || v.Kind() == reflect.Slice && v.Len() == 0
	}
	for i := range e.entries {
		if !e.entries[i].empty(base) {
			return false
		}
	}
	return true
}

func (w *Writer) field(f *field, p unsafe.Pointer) {
	switch f.kind {
	case kindEnum:
		w.enum(f, *(*string)(p))
	case kindTexts:
		w.B = append(w.B, '[')
		for _, text := range *(*[]string)(p) {
			w.comma()
			w.Text(text)
		}
		w.EndList()
	case kindNames:
		names := *(*[]string)(p)
		if names == nil && w.Style == Legacy {
			w.B = append(w.B, "null"...)
			return
		}
		w.B = append(w.B, '[')
		for _, text := range names {
			w.Open()
			w.Str("name", text)
			w.Close()
		}
		w.EndList()
	case kindNumber:
		n := *(*Number)(p)
		w.quoted(n.Append, f.with["bare"] || !n.IsSet())
	case kindBool:
		b := *(*Bool)(p)
		w.quoted(b.Append, !b.set)
	case kindTime:
		w.time(f, *(*time.Time)(p))
	case kindDuration:
		if d := *(*Duration)(p); d.set {
			w.B = append(AppendClock(append(w.B, '"'), d.value, w.Style == Legacy), '"')
		} else {
			w.B = append(w.B, "null"...)
		}
	case kindParsed:
		if v := reflect.NewAt(f.typ, p).Elem(); v.CanInt() {
			w.B = strconv.AppendInt(w.B, v.Int(), 10)
		} else {
			w.Text(v.String())
		}
	case kindList:
		w.B = append(w.B, '[')
		list := reflect.NewAt(f.typ, p).Elem()
		for i := range list.Len() {
			w.Open()
			w.entries(f.table.write[w.Style], list.Index(i).Addr().UnsafePointer())
			w.Close()
		}
		w.EndList()
	default:
		w.text(f, *(*string)(p))
	}
}

func (w *Writer) text(f *field, v string) {
	switch {
	case v == "" && f.with["none"] && w.Style == Guide:
		v = "NONE"
	case v == "" && f.with["null"] && w.Style == RealWorld:
		w.B = append(w.B, "null"...)
		return
	}
	w.Text(v)
}

// enum writes a value as the style spells it; one that nobody knows as it is.
func (w *Writer) enum(f *field, v string) {
	if spelling, ok := f.enum.spell(v, w.Style); ok {
		w.B = append(w.B, spelling...)
		return
	}
	w.Text(v)
}

// time writes a time in UTC, or what the style has for none.
func (w *Writer) time(f *field, t time.Time) {
	layout := "2006-01-02T15:04:05"
	switch {
	case t.IsZero() && w.Style == Guide && !f.with["null"]:
		w.B = append(w.B, `""`...)
		return
	case t.IsZero():
		w.B = append(w.B, "null"...)
		return
	case w.Style == Own:
		layout = time.RFC3339Nano
	case f.with["zulu"]:
		layout = time.RFC3339
	case f.with["date"]:
		layout = time.DateOnly
	case w.Style == Legacy:
		layout = time.DateTime
	}
	w.B = append(t.UTC().AppendFormat(append(w.B, '"'), layout), '"')
}

// Text writes a JSON string.
func (w *Writer) Text(v string) {
	text, err := jsontext.AppendQuote(w.B, v)
	w.B, w.Invalid = text, w.Invalid || err != nil // the error says that it is not valid UTF-8
}
