package exposition

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// encoding is a content encoding.
type encoding uint8

const (
	identity encoding = iota
	gzipped
	zstandard
	encodingCount
)

// String returns the name that HTTP knows it by.
func (e encoding) String() string {
	return [...]string{identity: "identity", gzipped: "gzip", zstandard: "zstd"}[e]
}

// compressor is what the writers of both encodings have in common.
type compressor interface {
	io.WriteCloser
	Reset(w io.Writer)
}

// compressors keeps writers for reuse: a new one costs more than a small body.
var compressors = [encodingCount]sync.Pool{
	gzipped: {New: func() any {
		// Level 1 is the best bargain for these bodies: a third larger than the
		// default level, at a sixth of its time.
		return must(gzip.NewWriterLevel(io.Discard, gzip.BestSpeed))
	}},
	zstandard: {New: func() any {
		return must(zstd.NewWriter(io.Discard,
			zstd.WithEncoderLevel(zstd.SpeedFastest),
			zstd.WithEncoderConcurrency(1), // no goroutines
			zstd.WithZeroFrames(true),      // an empty body is a body
		))
	}},
}

func must[C compressor](c C, err error) C {
	if err != nil {
		panic(err) // the options are constants
	}
	return c
}

// encode writes what render writes, in the encoding: as one gzip member or zstd
// frame, either of which may follow another.
func encode(w io.Writer, e encoding, render func(io.Writer) error) error {
	if e == identity {
		return render(w)
	}
	c := compressors[e].Get().(compressor)
	c.Reset(w)
	err := errors.Join(render(c), c.Close())
	c.Reset(io.Discard) // lets go of w
	compressors[e].Put(c)
	return err
}

// compression is the making of one compressed body. Once ready is closed, the rest
// stays as it is.
type compression struct {
	ready chan struct{}
	body  body
	err   error
}

// compressed returns the body in a form and a real encoding. The first caller makes
// it, and finishes even if its client has gone, since others may be waiting; they
// wait as long as their context lets them.
func (s *Snapshot) compressed(ctx context.Context, v variant) (*body, error) {
	s.mu.Lock()
	c := s.bodies[v]
	first := c == nil
	if first {
		c = &compression{ready: make(chan struct{}), err: errors.New("rendering panicked")}
		s.bodies[v] = c
	}
	s.mu.Unlock()
	if first {
		s.compress(c, v)
		return &c.body, c.err
	}
	select {
	case <-c.ready:
		return &c.body, c.err
	case <-ctx.Done():
		return nil, fmt.Errorf("waiting for the compressed body: %w", context.Cause(ctx))
	}
}

// compress makes the body. Should it fail, the next caller tries again.
func (s *Snapshot) compress(c *compression, v variant) {
	defer func() {
		if c.err != nil {
			s.mu.Lock()
			delete(s.bodies, v)
			s.mu.Unlock()
		}
		close(c.ready)
	}()
	if s.onCompress != nil {
		s.onCompress()
	}
	started := time.Now()
	pieces := bufio.NewWriterSize(&c.body, pieceSize)
	err := encode(pieces, v.encoding, func(w io.Writer) error { return s.writeWhole(w, v.form) })
	c.err = errors.Join(err, pieces.Flush())
	s.spent.Add(int64(time.Since(started)))
}

// pieceSize is how much of a body is in one piece.
const pieceSize = 256 << 10

// body is what was written to it, piece by piece, so that it grows without being copied.
type body struct {
	pieces [][]byte
	size   int
}

func (b *body) Write(data []byte) (int, error) {
	b.pieces = append(b.pieces, bytes.Clone(data))
	b.size += len(data)
	return len(data), nil
}

// WriteTo writes the whole body.
func (b *body) WriteTo(w io.Writer) (int64, error) {
	unwritten := net.Buffers(slices.Clone(b.pieces))
	return unwritten.WriteTo(w)
}
