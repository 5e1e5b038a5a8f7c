package wire

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
)

func TestTime(t *testing.T) {
	utc := func(year int, month time.Month, day, hour, minute, second, nano int) time.Time {
		return time.Date(year, month, day, hour, minute, second, nano, time.UTC)
	}
	tests := []struct {
		name, text string
		want       time.Time
	}{
		{"T-30 T without zone", "2016-12-18T02:23:30", utc(2016, 12, 18, 2, 23, 30, 0)},
		{"T-30 blank", "2016-12-18 02:23:30", utc(2016, 12, 18, 2, 23, 30, 0)},
		{"T-30 Z", "2020-06-30T16:15:00Z", utc(2020, 6, 30, 16, 15, 0, 0)},
		{"T-30 date only", "2016-12-31", utc(2016, 12, 31, 0, 0, 0, 0)},
		{"T-30 YYYY MM DD", "2016 12 31", utc(2016, 12, 31, 0, 0, 0, 0)},
		{"YYYY MM DD with time", "2016 12 31 23:59:59", utc(2016, 12, 31, 23, 59, 59, 0)},
		{"slashes", "2016/12/31 23:59", utc(2016, 12, 31, 23, 59, 0, 0)},
		{"fraction", "2016-12-18T02:23:30.1234567", utc(2016, 12, 18, 2, 23, 30, 123456700)},
		{"long fraction", "2016-12-18T02:23:30.123456789999Z", utc(2016, 12, 18, 2, 23, 30, 123456789)},
		{"offset", "2016-12-18T02:23:30+02:00", utc(2016, 12, 18, 0, 23, 30, 0)},
		{"negative offset", "2016-12-18T23:23:30.5-0130", utc(2016, 12, 19, 0, 53, 30, 500000000)},
		{"hour offset", "2016-12-18T02:23:30 +02", utc(2016, 12, 18, 0, 23, 30, 0)},
		{"blanks", "  2016-12-18T02:23:30  ", utc(2016, 12, 18, 2, 23, 30, 0)},
		{"leap day", "2024-02-29", utc(2024, 2, 29, 0, 0, 0, 0)},
		{".NET", "/Date(1605439025000)/", utc(2020, 11, 15, 11, 17, 5, 0)},
		{".NET with zone", "/Date(1605439025000+0200)/", utc(2020, 11, 15, 11, 17, 5, 0)},
		{"empty", "", time.Time{}},
		{"blank", "   ", time.Time{}},
		{"none", "NONE", time.Time{}},
		{"year 1", "0001-01-01T00:00:00", time.Time{}},
		{"year 1 with zone", "0001-01-01T00:00:00Z", time.Time{}},
		{"end of year 1", "0001-12-31T23:59:59", time.Time{}},
		{"year 1 .NET", "/Date(-62135596800000)/", time.Time{}},
		{".NET's last", "9999-12-31T23:59:59.9999999", time.Time{}},
		{"year 0", "0000-00-00 00:00:00", time.Time{}},
		{"no leap day", "2023-02-29", time.Time{}},
		{"month 13", "2023-13-01", time.Time{}},
		{"day 0", "2023-01-00", time.Time{}},
		{"hour 24", "2023-01-01T24:00:00", time.Time{}},
		{"minute 60", "2023-01-01T00:60:00", time.Time{}},
		{"second 60", "2023-01-01T00:00:60", time.Time{}},
		{"only T", "2023-01-01T", time.Time{}},
		{"half a time", "2023-01-01T10:00:", time.Time{}},
		{"empty fraction", "2023-01-01T10:00:00.", time.Time{}},
		{"rubbish behind", "2023-01-01T10:00:00 or so", time.Time{}},
		{"odd zone", "2023-01-01T10:00:00+2", time.Time{}},
		{"zone beyond a day", "2023-01-01T10:00:00+99:00", time.Time{}},
		{"lone sign", "2023-01-01T10:00:00-", time.Time{}},
		{"mixed dashes", "2023-01 01", time.Time{}},
		{"local", "6/30/2020 4:15 PM", time.Time{}},
		{"signs for digits", "+016-12-18", time.Time{}},
		{".NET unfinished", "/Date(", time.Time{}},
		{".NET empty", "/Date()/", time.Time{}},
		{".NET beyond all years", "/Date(1e300)/", time.Time{}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, _ := ParseTime([]byte(test.text))
			if !got.Equal(test.want) || got.Location() != time.UTC && !got.IsZero() {
				t.Errorf("%q: got %v, want %v", test.text, got, test.want)
			}
		})
	}
}

func FuzzNumber(f *testing.F) {
	f.Add("1e5", 57.0)
	f.Add(" -1 ", 1e300)
	f.Add("0x10", 0.1)
	f.Add("1_000", -0.0)
	f.Fuzz(func(t *testing.T, text string, value float64) {
		if v, ok := ParseNumber([]byte(text)); ok && !(math.Abs(v.Float()) <= 1<<63) || ok != v.IsSet() {
			t.Fatalf("%q: got %v, %v", text, v, ok)
		}
		if !(math.Abs(value) < 1<<63) {
			return
		}
		plain, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{string(plain), " " + string(plain) + "\t", fmt.Sprintf("%e", value)} {
			v, ok := ParseNumber([]byte(text))
			if !ok || v.Float() != value && !strings.Contains(text, "e") {
				t.Fatalf("%q: got %v, %v", text, v, ok)
			}
		}
	})
}

func FuzzDuration(f *testing.F) {
	for _, text := range []string{"00:00:00", "167:49:18", "1.02:03:04.5", "0:19", "42", "-5", "1e18", "::",
		"2562047:47:16"} {
		f.Add(text, int64(1234567890123))
	}
	f.Fuzz(func(t *testing.T, text string, nanoseconds int64) {
		if d, ok := ParseDuration([]byte(text)); d < 0 || !ok && d != 0 {
			t.Fatalf("%q: got %v, %v", text, d, ok)
		}
		want := time.Duration(nanoseconds)
		if want < 0 || want.Seconds() > maxDurationSeconds {
			return
		}
		for _, text := range []string{string(AppendClock(nil, want, false)), string(AppendClock(nil, want, true))} {
			if d, ok := ParseDuration([]byte(text)); !ok || d != want {
				t.Fatalf("%q: got %v, %v, want %v", text, d, ok, want)
			}
		}
	})
}

func FuzzTime(f *testing.F) {
	for _, text := range []string{"2016-12-18T02:23:30", "2016 12 18", "2016-12-18 02:23:30.123 +02:00",
		"0001-01-01T00:00:00", "/Date(1605439025000+0200)/"} {
		f.Add(text, int64(1605439025), int64(7))
	}
	f.Fuzz(func(t *testing.T, text string, second, nano int64) {
		if got, _ := ParseTime([]byte(text)); !got.IsZero() && (got.Year() <= 1 || got.Year() > 9998) {
			t.Fatalf("%q: got %v", text, got)
		}
		want := time.Unix(second%(1<<37), nano%1e9).UTC()
		if want.Year() <= 1 || want.Year() > 9998 {
			return
		}
		for _, layout := range []string{
			time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999", "2006 01 02 15:04:05.999999999Z",
		} {
			if got, _ := ParseTime([]byte(want.Format(layout))); !got.Equal(want) {
				t.Fatalf("%s: got %v", want.Format(layout), got)
			}
		}
		if got, _ := ParseTime([]byte(want.Format(time.DateOnly))); !got.Equal(want.Truncate(24 * time.Hour)) {
			t.Fatalf("%s: got %v", want.Format(time.DateOnly), got)
		}
		zone := time.FixedZone("", int(nano%86400/60*60))
		if got, _ := ParseTime([]byte(want.In(zone).Format(time.RFC3339Nano))); !got.Equal(want) &&
			want.In(zone).Year() == want.Year() {
			t.Fatalf("%s: got %v", want.In(zone).Format(time.RFC3339Nano), got)
		}
	})
}
