// The Containerfiles, read as text: no base is chosen here, nobody is root at the end, and what is copied reaches the builder.

package packaging

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// containerfiles are the files, with the folder that each is built from.
var containerfiles = map[string]string{
	"containers/operator.Containerfile":                           ".",
	"containers/worker.Containerfile":                             ".",
	"manifests/examples/package-builder/activities/Containerfile": "manifests/examples/package-builder",
}

// instructions are the instructions of a Containerfile, each in one line.
func instructions(text string) []string {
	text = regexp.MustCompile(`(?m)^ *#.*\n`).ReplaceAllString(text, "")
	text = regexp.MustCompile(`\\\n *`).ReplaceAllString(text, " ")
	return strings.FieldsFunc(text, func(r rune) bool { return r == '\n' })
}

func TestImagesAreBuiltFromBasesThatTheBuilderNames(t *testing.T) {
	for path := range containerfiles {
		text := read(t, path)
		named := []string{}
		for _, instruction := range instructions(text) {
			if name, ok := strings.CutPrefix(instruction, "ARG "); ok {
				named = append(named, "${"+name+"}")
			}
			if from, ok := strings.CutPrefix(instruction, "FROM "); ok && !slices.Contains(named, strings.Fields(from)[0]) {
				t.Errorf("%s is built from %s, which the builder can't say", path, from)
			}
		}
		for _, name := range named {
			if name := strings.Trim(name, "${}"); strings.Contains(name, "=") || !strings.Contains(text, "\n# "+name+" ") || !strings.Contains(text, "--build-arg "+name+"=…@sha256:…") {
				t.Errorf("%s does not say what %s is for, or has a default for it", path, name)
			}
		}
	}
}

func TestImagesRunAsAUserThatIsNotRoot(t *testing.T) {
	for path := range containerfiles {
		user := ""
		for _, instruction := range instructions(read(t, path)) {
			if name, ok := strings.CutPrefix(instruction, "USER "); ok {
				user = name
			}
		}
		if user != "10001:10001" {
			t.Errorf("%s ends as %q", path, user)
		}
	}
}

func TestWhatImagesCopyIsNotHiddenFromTheBuilder(t *testing.T) {
	for path, folder := range containerfiles {
		ignored := strings.Split(read(t, filepath.Join(folder, ".dockerignore")), "\n")
		if !slices.Contains(ignored, "*") {
			t.Errorf("%s/.dockerignore lets everything through", folder)
		}
		for _, instruction := range instructions(read(t, path)) {
			sources, ok := strings.CutPrefix(instruction, "COPY ")
			if !ok || strings.HasPrefix(sources, "--from") {
				continue
			}
			files := strings.Fields(sources)
			for _, source := range files[:len(files)-1] {
				if source != "." && !slices.Contains(ignored, "!"+source) {
					t.Errorf("%s copies %s, which %s/.dockerignore hides", path, source, folder)
				}
			}
		}
	}
}
