fn main() {
    let files: Vec<_> = std::env::args().skip(1).map(|name| warpline::definition::SourceFile { text: std::fs::read_to_string(&name).unwrap(), name }).collect();
    let report = warpline::diagnostic::Report::new();
    let documents = warpline::definition::read(files, &report);
    let modules: Vec<_> = documents.modules.iter().map(|m| {
        let pkg = m.module.as_ref().map(|module| {
            let name = module.text.trim_start_matches("./");
            let d = "/work/wt/example-branch/manifests/examples/package-builder/activities/dist/";
            let file = if name == "build" || name == "agent" || name == "report" || name == "agent-registry" || name == "mcp" { format!("{d}{name}.activities.d.ts") } else { String::new() };
            let read = |f: &str| (f.to_owned(), std::fs::read_to_string(f).unwrap());
            warpline::compile::program::PackageTypes { specifier: format!("@warpline-examples/package-builder-activities/{name}"), files: vec![read(&file), read(&format!("{d}types.d.ts"))] }
        });
        (m.clone(), pkg)
    }).collect();
    let out = warpline::compile::compile(&documents.workflows, &modules, &report);
    for f in &out.files { println!("// ===== {}\n{}", f.path, f.printed.text); }
    let found: Vec<_> = report.into_sorted().into_iter().map(|d| documents.locate(d)).collect();
    eprintln!("{}", warpline::diagnostic::render::text(&found, &|n| std::fs::read_to_string(n).ok(), false));
    println!("{}", warpline::version::script(&out.files, &out.workflows).map(|s| s.text.len().to_string()).unwrap_or_else(|e| e));
}
