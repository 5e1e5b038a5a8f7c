package aem

import (
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"html"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"
)

const (
	maxMessage = 300  // characters of an error message that Error shows
	maxKept    = 8000 // and that Message has
	maxCode    = 80   // characters of an error code that are shown
	maxSecrets = 16   // that a scrubber keeps of those that come and go, of each sort
	minSecret  = 8    // a shorter text, taken out, would mangle words and so give itself away

	maxCleaned = 64 << 10 // bytes of a text that are looked at

	hiddenSecret = "<secret>"
)

// A scrubber takes the secrets of a client out of texts that come from outside:
// a server or a proxy may send back what it was sent, in another spelling, too.
type scrubber struct {
	mu      sync.Mutex
	kept    []string // never forgotten
	logins  []string // passwords and sessions, the oldest first
	cookies []string // likewise
	known   []string // every spelling of all of them, in lower case, the longest first; nil: to be made
}

// keep makes the scrubber know secrets for good.
func (s *scrubber) keep(secrets ...string) {
	for _, secret := range secrets {
		s.remember(&s.kept, secret, len(s.kept)+1)
	}
}

// add makes the scrubber know secrets that others will take the place of.
func (s *scrubber) add(secrets ...string) {
	for _, secret := range secrets {
		s.remember(&s.logins, secret, maxSecrets)
	}
}

// addCookie makes the scrubber know what a cookie says.
func (s *scrubber) addCookie(value string) { s.remember(&s.cookies, value, maxCookies) }

// remember puts a secret at the end, so that what is added again is not forgotten.
func (s *scrubber) remember(where *[]string, secret string, most int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if secret == "" || len(*where) > 0 && (*where)[len(*where)-1] == secret {
		return
	}
	before := len(*where)
	*where = slices.DeleteFunc(*where, func(known string) bool { return known == secret })
	isNew := len(*where) == before
	*where = append(*where, secret)
	if extra := len(*where) - most; extra > 0 {
		*where = slices.Delete(*where, 0, extra)
	}
	if isNew {
		s.known = nil
	}
}

// spellings are the ways in which programs write a secret. Case does not matter.
func spellings(secret string) []string {
	quoted, _ := json.Marshal(secret)
	raw := []byte(secret)
	all := []string{
		secret, html.EscapeString(secret), url.QueryEscape(secret), url.PathEscape(secret), escape(secret),
		strings.Trim(string(quoted), `"`), inner(strconv.Quote(secret)), inner(strconv.QuoteToASCII(secret)),
		strings.ReplaceAll(secret, `\`, `\\`), hex.EncodeToString(raw),
	}
	for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		all = append(all, encoding.EncodeToString(raw))
	}
	if latin1, ok := inLatin1(secret); ok {
		all = append(all, latin1)
	}
	return all
}

func inner(quoted string) string { return quoted[1 : len(quoted)-1] }

func inLatin1(text string) (string, bool) {
	var b []byte
	for _, r := range text {
		if r > 0xff {
			return "", false
		}
		b = append(b, byte(r))
	}
	return string(b), true
}

// texts are the spellings to look for.
func (s *scrubber) texts() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known == nil {
		s.known = []string{}
		for _, secret := range slices.Concat(s.kept, s.logins, s.cookies) {
			for _, text := range spellings(secret) {
				if len(text) >= minSecret {
					s.known = append(s.known, lower(text))
				}
			}
		}
		// Longest first, so that no end of one stays behind.
		slices.SortFunc(s.known, func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b)) })
		s.known = slices.Compact(s.known)
	}
	return s.known
}

// clean returns a text without secrets, in one line and of limited length.
func (s *scrubber) clean(text string, limit int) string {
	if text == "" {
		return ""
	}
	secrets := s.texts()
	cut := len(text) > maxCleaned
	text = text[:min(len(text), maxCleaned)]
	low := lower(text)
	for _, secret := range secrets {
		for at := strings.Index(low, secret); at >= 0; at = strings.Index(low, secret) {
			end := at + len(secret)
			text = text[:at] + hiddenSecret + text[end:]
			low = low[:at] + strings.Repeat("\x00", len(hiddenSecret)) + low[end:] // is not looked into again
		}
	}
	if cut && len(secrets) > 0 { // at its end may be the half of a secret
		text = text[:max(0, len(text)-len(secrets[0]))]
	}
	return oneLine(text, limit)
}

// lower changes no byte but A to Z, so that places in the text stay where they are.
func lower(text string) string {
	b := []byte(text)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// oneLine replaces everything that would break a line of a log, and cuts.
func oneLine(text string, limit int) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	words := strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) })
	text = strings.Join(words, " ")
	return cut(text, limit)
}

func cut(text string, limit int) string {
	if runes := []rune(text); len(runes) > limit {
		text = string(runes[:limit-1]) + "…"
	}
	return text
}
