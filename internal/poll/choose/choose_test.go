package choose

import (
	"fmt"
	"regexp"
	"slices"
	"testing"
)

// shardOf is the one instance of so many that polls a server.
func shardOf(t *testing.T, manager, server string, total int) (owner int) {
	t.Helper()
	owners := 0
	for shard := range total {
		if c := (Choice{Manager: manager, Shard: shard, TotalShards: total}); c.Server(server) {
			owner, owners = shard, owners+1
		}
	}
	if owners != 1 {
		t.Fatalf("%s belongs to %d of %d shards", server, owners, total)
	}
	return owner
}

func TestShardsPartitionTheServers(t *testing.T) {
	const servers = 4000
	for _, total := range []int{1, 2, 3, 16} {
		sizes := make([]int, total)
		for i := range servers {
			sizes[shardOf(t, "prod", fmt.Sprintf("replicate-%03d.example.net", i), total)]++
		}
		if even := servers / total; slices.Min(sizes) < even*8/10 || slices.Max(sizes) > even*12/10 {
			t.Errorf("the shards have %v servers, even would be %d", sizes, even)
		}
	}
	moved := 0
	for i := range 100 {
		if server := fmt.Sprint("server", i); shardOf(t, "prod", server, 16) != shardOf(t, "test", server, 16) {
			moved++
		}
	}
	if moved < 80 {
		t.Errorf("the manager moved only %d of 100 servers", moved)
	}
	if HashOf("ab", "c").Sum() == HashOf("a", "bc").Sum() {
		t.Error("the boundary between names is lost")
	}
}

// Instances of different releases run side by side during an upgrade.
func TestShardIsTheSameForEver(t *testing.T) {
	for server, want := range map[string]int{"Local Server": 2, "Compose SRV - C4DW": 3, "ärger": 2} {
		if shard := shardOf(t, "prod", server, 16); shard != want {
			t.Errorf("%q is in shard %d of 16, and was in %d", server, shard, want)
		}
	}
}

func anchored(expressions ...string) []*regexp.Regexp {
	var list []*regexp.Regexp
	for _, e := range expressions {
		list = append(list, regexp.MustCompile("^(?:"+e+")$"))
	}
	return list
}

func TestFilter(t *testing.T) {
	tests := []struct {
		name   string
		filter Filter
		in     []string
		out    []string
	}{
		{"empty", Filter{}, []string{"", "a", "ä b"}, nil},
		{"include", Filter{Include: anchored("a.*", "b")}, []string{"a", "ab", "b"}, []string{"bb", "xa", ""}},
		{"exclude", Filter{Exclude: anchored("lab-.*")}, []string{"lab", "a lab-1"}, []string{"lab-", "lab-1"}},
		{"exclude wins", Filter{Include: anchored(".*"), Exclude: anchored("x")}, []string{"xx"}, []string{"x"}},
		{"case matters", Filter{Include: anchored("Task")}, []string{"Task"}, []string{"task"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, name := range tt.in {
				if !tt.filter.Match(name) {
					t.Errorf("%q is out", name)
				}
			}
			for _, name := range tt.out {
				if tt.filter.Match(name) {
					t.Errorf("%q is in", name)
				}
			}
		})
	}
}

func TestTags(t *testing.T) {
	tests := []struct {
		tags, wanted []string
		want         bool
	}{
		{nil, nil, true},
		{[]string{"a"}, nil, true},
		{nil, []string{"a"}, false},
		{[]string{"b", "a"}, []string{"a", "c"}, true},
		{[]string{"A"}, []string{"a"}, false},
	}
	for _, tt := range tests {
		c := Choice{Tags: tt.wanted}
		if got := c.Task("t", tt.tags); got != tt.want {
			t.Errorf("of the tags %q, wanted %q: %v", tt.tags, tt.wanted, got)
		}
	}
}

func TestSlips(t *testing.T) {
	include := func(expressions ...string) Filter { return Filter{Include: anchored(expressions...)} }
	for _, tt := range []struct {
		name   string
		choice Choice
		want   []string
	}{
		{"none", Choice{Servers: include("al.*", "be.*"), Tasks: include("a.*"), Tags: []string{"gold"}}, nil},
		{"servers", Choice{Servers: include("al.*", "omega")}, []string{"no server matches the include filter omega"}},
		{"no server", Choice{Servers: Filter{Exclude: anchored(".*")}}, []string{"the filters leave none of 2 servers"}},
		{"tasks", Choice{Tasks: include("x", "a.*")}, []string{"no task matches the include filter x"}},
		{"tags", Choice{Tags: []string{"gold", "silver"}}, []string{"no task bears the tag silver"}},
		{"shard", Choice{Servers: include("alpha"), Shard: 2, TotalShards: 1000},
			[]string{"none of 2 servers falls to shard 2 of 1000"}},
	} {
		got := tt.choice.Slips([]string{"alpha", "beta"}, []string{"a1", "b1"}, []string{"gold"})
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
	everything := Choice{Servers: include("x"), Tasks: include("x"), Tags: []string{"x"}}
	if got := everything.Slips(nil, nil, nil); got != nil {
		t.Errorf("without names: %q", got)
	}
}
