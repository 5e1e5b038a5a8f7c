package aem

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"sync"
)

// A document is a body whose length is known and that is not held in memory.
type document struct {
	from        io.ReadSeeker
	begin, size int64
	told        func(int64) // how much has been sent; may be nil
}

// headLength is how much of a document is looked at before it is sent.
const headLength = 512

// upload gives the call a body from elsewhere. One that can be wound back is sent as
// it is read; any other is read to its end first, since the API wants to know the length.
// It returns the beginning, without what may stand before a text.
func (c *call) upload(r io.Reader) (head []byte) {
	if r == nil {
		c.refuse("there is no document")
		return nil
	}
	d := &document{}
	head, err := d.take(r)
	switch {
	case err != nil:
		c.fail(&Error{Operation: c.operation, Kind: KindRequest, Message: "the document to send cannot be read", err: err})
	case len(head) == 0 && d.size <= headLength:
		c.refuse("the document to send is empty")
	}
	c.document = d
	return head
}

func (d *document) take(r io.Reader) (head []byte, err error) {
	var seekable bool
	if d.from, seekable = r.(io.ReadSeeker); seekable {
		d.begin, err = d.from.Seek(0, io.SeekCurrent)
		seekable = err == nil // a pipe has a Seek that fails
	}
	if !seekable {
		text, err := io.ReadAll(r)
		if err != nil {
			return nil, err
		}
		d.from, d.begin = bytes.NewReader(text), 0
	}
	end, err := d.from.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, err
	}
	d.size = end - d.begin
	head = make([]byte, min(d.size, headLength))
	if _, err = d.from.Seek(d.begin, io.SeekStart); err == nil {
		_, err = io.ReadFull(d.from, head)
	}
	return bytes.TrimSpace(bytes.TrimPrefix(head, []byte(byteOrderMark))), err
}

// attach makes the document the body of a request.
func (d *document) attach(request *http.Request) error {
	if _, err := d.from.Seek(d.begin, io.SeekStart); err != nil {
		return err
	}
	request.ContentLength = d.size
	request.Body = &documentBody{document: d, left: d.size}
	return nil
}

// A documentBody reads a document for one request. After its Close, which the transport
// calls, nobody reads the document any more.
type documentBody struct {
	*document
	mu   sync.Mutex
	left int64
	done bool
}

var errBodyClosed = errors.New("the request has ended")

// Read implements io.Reader.
func (b *documentBody) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.done:
		return 0, errBodyClosed
	case b.left == 0:
		return 0, io.EOF
	}
	n, err := b.from.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	if b.told != nil && n > 0 {
		b.told(b.size - b.left)
	}
	if errors.Is(err, io.EOF) && b.left > 0 {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// Close implements io.Closer.
func (b *documentBody) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.done = true
	return nil
}
