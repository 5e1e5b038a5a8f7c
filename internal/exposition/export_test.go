package exposition

import "io"

// What only tests write to other places than an answer.

func (s *Snapshot) WriteOpenMetrics(w io.Writer) error { return s.write(w, formOpenMetrics) }

func (s *Snapshot) WriteProtobuf(w io.Writer) error { return s.write(w, formProtobuf) }
