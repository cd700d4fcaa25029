// The Grafana dashboard asks for metrics that the operator has, and leaves none out.

package packaging

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// metrics are the names under which Prometheus has what the operator measures, with their labels.
var metrics = map[string][]string{
	"warpline_reconciles_total":                  {"kind", "result"},
	"warpline_reconcile_duration_seconds_bucket": {"kind", "le"},
	"warpline_errors_total":                      {"kind", "reason"},
	"warpline_compile_duration_seconds_bucket":   {"le"},
	"warpline_rollout_duration_seconds_bucket":   {"le"},
	"warpline_worker_versions":                   {"state"},
	"warpline_open_executions":                   {"namespace", "task_queue", "build_id"},
	"warpline_scheduled_runs_total":              {"namespace", "schedule", "result"},
	"warpline_scheduled_runs_left_out_total":     {"namespace", "schedule", "reason"},
	"warpline_leader":                            {},
}

func TestTheDashboardShowsEveryMetric(t *testing.T) {
	var dashboard struct {
		Panels []struct {
			ID      int
			Title   string
			GridPos struct{ X, Y, W, H int }
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal([]byte(read(t, "manifests/grafana/dashboard.json")), &dashboard); err != nil {
		t.Fatal(err)
	}
	shown, ids := map[string]bool{}, map[int]bool{}
	name, grouping := regexp.MustCompile(`warpline_[a-z_]+`), regexp.MustCompile(`by \(([a-z_, ]+)\)`)
	for _, panel := range dashboard.Panels {
		if ids[panel.ID] || panel.GridPos.X+panel.GridPos.W > 24 || panel.GridPos.H == 0 || len(panel.Targets) == 0 {
			t.Errorf("the panel %q has no place or nothing to show", panel.Title)
		}
		ids[panel.ID] = true
		for _, target := range panel.Targets {
			metric := name.FindString(target.Expr)
			labels, ok := metrics[metric]
			if !ok {
				t.Errorf("the panel %q asks for %q, which the operator has not", panel.Title, metric)
			}
			shown[metric] = true
			for _, by := range grouping.FindAllStringSubmatch(target.Expr, -1) {
				for _, label := range regexp.MustCompile(`[a-z_]+`).FindAllString(by[1], -1) {
					if !slices.Contains(labels, label) {
						t.Errorf("the panel %q groups %s by %s, which it has not", panel.Title, metric, label)
					}
				}
			}
		}
	}
	if len(shown) != len(metrics) {
		t.Errorf("the dashboard shows %v", slices.Sorted(maps.Keys(shown)))
	}
}

func TestTheMetricsAreThoseOfTheProgram(t *testing.T) {
	registered := []string{}
	for _, found := range regexp.MustCompile(`register\(\s*"([a-z_]+)"`).FindAllStringSubmatch(read(t, "src/telemetry/metrics.rs"), -1) {
		registered = append(registered, "warpline_"+found[1])
	}
	known := []string{}
	for name := range metrics {
		// What Prometheus' text format adds to counters and histograms.
		known = append(known, strings.TrimSuffix(strings.TrimSuffix(name, "_total"), "_bucket"))
	}
	if sorted(registered); !slices.Equal(registered, sorted(known)) {
		t.Errorf("the program has %v, and the dashboard knows %v", registered, known)
	}
}
