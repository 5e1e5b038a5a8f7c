package aemtest

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

// zulu is how the API wants and gives the timestamps of retention and audit.
const zulu = "2006-01-02T15:04:05Z"

// isDuration is an ISO 8601 duration, but for one of no parts.
var isDuration = regexp.MustCompile(
	`^P(?:\d+W|(?:\d+Y)?(?:\d+M)?(?:\d+D)?(?:T(?:\d+H)?(?:\d+M)?(?:\d+(?:\.\d+)?S)?)?)$`)

func validDuration(text string) bool {
	return isDuration.MatchString(text) && strings.ContainsAny(text, "0123456789") && !strings.HasSuffix(text, "T")
}

func (s *Simulator) deleteOldChangeData(c *call) answer {
	_, t, e := s.replicateTask(c)
	if e != nil {
		return s.fail(*e)
	}
	var in struct {
		Before string `json:"timestamp_or_offset"`
	}
	if err := decodeJSON(c.body, &in); err != nil {
		return s.failed("DESERIALIZE_TO_TYPE", "Failed to deserialize json to type AemDeleteOldDataReq: %v", err)
	}
	if in.Before == "" {
		return s.missing("timestamp_or_offset")
	}
	if _, err := time.Parse(zulu, in.Before); err != nil && !validDuration(in.Before) {
		return s.failed("AEM_INVALID_TIMESTAMP_OR_OFFSET_FORMAT",
			"The specified deletion age does not conform to the expected timestamp or offset format. "+
				"Timestamp format should be yyyy'-MM'-'dd'T'HH':'mm':'ss'Z'. Offset format should conform to ISO 8601 duration.")
	}
	t.deletions = append(t.deletions, Deletion{Requested: s.Now().Truncate(time.Second), Before: in.Before})
	return s.void()
}

func (s *Simulator) setBarrier(c *call) answer {
	_, t, e := s.replicateTask(c)
	if e != nil {
		return s.fail(*e)
	}
	var in struct {
		Point       *string `json:"retention_point"`
		Application string  `json:"application"`
	}
	if err := decodeJSON(c.body, &in); err != nil {
		return s.failed("DESERIALIZE_TO_TYPE", "Failed to deserialize json to type AemSetChangeDataRetentionBarrierReq: %v",
			err)
	}
	switch {
	case in.Application == "":
		return s.missing("application")
	case in.Point == nil:
		return s.missing("retention_point")
	}
	point, err := time.Parse(zulu, *in.Point)
	if err != nil && *in.Point != "" {
		return s.failed("AEM_INVALID_TIMESTAMP_FORMAT",
			"The specified partition retention barrier does not conform to the expected timestamp format. "+
				"Timestamp format should be yyyy'-MM'-dd'T'HH':'mm':'ss'Z'.")
	}
	t.barriers = slices.DeleteFunc(t.barriers, func(b Barrier) bool { return b.Application == in.Application })
	if *in.Point != "" {
		t.barriers = append(t.barriers, Barrier{in.Application, point})
	}
	slices.SortFunc(t.barriers, func(a, b Barrier) int { return strings.Compare(a.Application, b.Application) })
	return s.void()
}

// getBarrier answers with the earliest barrier. What the API says when there is
// none, the guide leaves open: each shape has its own way.
func (s *Simulator) getBarrier(c *call) answer {
	_, t, e := s.replicateTask(c)
	if e != nil {
		return s.fail(*e)
	}
	if len(t.barriers) == 0 && s.opts.Shape == Legacy {
		return answer{status: http.StatusOK, body: append(s.writer().B, "{}"...)}
	}
	message := barrierMessage{}
	if len(t.barriers) > 0 {
		first := slices.MinFunc(t.barriers, func(a, b Barrier) int { return a.Point.Compare(b.Point) })
		message = barrierMessage(first)
	}
	return said(s, barrierTable, &message)
}
