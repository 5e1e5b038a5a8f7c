package aem

import "errors"

// changeOf gets a T, changes it and puts it back.
type changeOf[T any] struct {
	operation string
	get       func() (*T, error)
	text      func(*T) string // the same for two of which a put is the same
	change    func(*T) error
	check     func(*T) error
	put       func(v, now *T) error // now is what was seen last
}

// maxChanges is how often a change starts over.
const maxChanges = 4

// make looks again before it puts, since the API takes whatever comes last: what somebody
// else has changed while change thought is not lost.
func (c changeOf[T]) make() error {
	for range maxChanges {
		v, err := c.get()
		if err != nil {
			return err
		}
		before := c.text(v)
		if err := c.change(v); err != nil {
			return err
		}
		if c.text(v) == before {
			return nil
		}
		if err := c.check(v); err != nil {
			return refusalOf(c.operation, err)
		}
		now, err := c.get()
		if err != nil {
			return err
		}
		if c.text(now) != before {
			continue
		}
		if err := c.put(v, now); !errors.Is(err, ErrStale) {
			return err
		}
	}
	return &Error{Operation: c.operation, Kind: KindStale,
		Message: "it was changed, or the session ended, again and again in the meantime"}
}
