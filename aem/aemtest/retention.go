package aemtest

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
)

// zulu is how the API wants and gives the timestamps of retention and audit.
const zulu = "2006-01-02T15:04:05Z"

// isDuration is an ISO 8601 duration, but for one of no parts.
var isDuration = regexp.MustCompile(
	`^P(?:\d+W|(?:\d+Y)?(?:\d+M)?(?:\d+D)?(?:T(?:\d+H)?(?:\d+M)?(?:\d+(?:\.\d+)?S)?)?)$`)

func validDuration(text string) bool {
	return isDuration.MatchString(text) && strings.ContainsAny(text, "0123456789") && !strings.HasSuffix(text, "T")
}

func (c *call) deleteOldChangeData() error {
	var in struct {
		Before string `json:"timestamp_or_offset"`
	}
	if err := c.decode(&in, "AemDeleteOldDataReq"); err != nil {
		return err
	}
	if in.Before == "" {
		return c.missing("timestamp_or_offset")
	}
	if _, err := time.Parse(zulu, in.Before); err != nil && !validDuration(in.Before) {
		return c.failed("AEM_INVALID_TIMESTAMP_OR_OFFSET_FORMAT")
	}
	v := &c.t.static
	v.Deletions = append(v.Deletions, Deletion{Requested: c.Now().Truncate(time.Second), Before: in.Before})
	return nil
}

func (c *call) setBarrier() error {
	var in struct {
		Point       *string `json:"retention_point"`
		Application string  `json:"application"`
	}
	if err := c.decode(&in, "AemSetChangeDataRetentionBarrierReq"); err != nil {
		return err
	}
	switch {
	case in.Application == "":
		return c.missing("application")
	case in.Point == nil:
		return c.missing("retention_point")
	}
	point, err := time.Parse(zulu, *in.Point)
	if err != nil && *in.Point != "" {
		return c.failed("AEM_INVALID_TIMESTAMP_FORMAT")
	}
	kept := slices.DeleteFunc(c.t.static.Barriers,
		func(b aem.RetentionBarrier) bool { return b.Application == in.Application })
	if *in.Point != "" {
		kept = append(kept, aem.RetentionBarrier{Application: in.Application, Point: point})
	}
	slices.SortFunc(kept, func(a, b aem.RetentionBarrier) int { return strings.Compare(a.Application, b.Application) })
	c.t.static.Barriers = kept
	return nil
}

// getBarrier answers with the earliest barrier. What the API says when there is
// none, the guide leaves open: each shape has its own way.
func (c *call) getBarrier() error {
	var message aem.RetentionBarrier
	if kept := c.t.static.Barriers; len(kept) > 0 {
		message = slices.MinFunc(kept, func(a, b aem.RetentionBarrier) int { return a.Point.Compare(b.Point) })
	} else if c.opts.Shape == Legacy {
		w := c.writer()
		w.Open()
		w.Close()
		return c.say(w)
	}
	return said(c, barrierTable, &message)
}
