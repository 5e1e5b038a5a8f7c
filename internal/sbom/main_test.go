package main

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// The test binary is a Go binary like any other.
func TestBillOfMaterials(t *testing.T) {
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var first, second bytes.Buffer
	if err := write(&first, path); err != nil {
		t.Fatal(err)
	}
	if err := write(&second, path); err != nil || !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Errorf("not the same bytes twice: %v", err)
	}
	var d document
	if err := json.Unmarshal(first.Bytes(), &d); err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{d.SPDXID: true}
	for _, p := range d.Packages {
		if ids[p.SPDXID] {
			t.Errorf("%s stands twice", p.SPDXID)
		}
		ids[p.SPDXID] = true
	}
	for _, r := range d.Relationships {
		if !ids[r.Element] || !ids[r.Related] {
			t.Errorf("%+v leads nowhere", r)
		}
	}
	if main := d.Packages[0]; main.Name != "github.com/qem-exporter/qem_exporter" || len(main.Checksums[0].Value) != 64 {
		t.Errorf("the binary is %+v", main)
	}
	if std := d.Packages[1]; std.Name != "std" || !strings.HasPrefix(std.VersionInfo, "1.") {
		t.Errorf("the toolchain is %+v", std)
	}
}

func TestNotAGoBinary(t *testing.T) {
	for _, path := range []string{"main.go", "nowhere"} {
		if err := write(&bytes.Buffer{}, path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", path, err)
		}
	}
}
