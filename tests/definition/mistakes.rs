//! Each file in `mistakes/` with what people see of it. `INSTA_UPDATE=always cargo test` accepts new texts.

use super::{read_file, show};

#[test]
fn every_mistake_is_shown_at_its_place() {
    insta::glob!("mistakes/*", |path| {
        let text = std::fs::read_to_string(path).expect("a readable file");
        let name = path.file_name().and_then(|name| name.to_str()).expect("a name");
        let (documents, found) = read_file(name, &text);
        assert!(!found.is_empty(), "{name} has no mistake");
        let rendered = show(&documents, &found);
        insta::with_settings!({prepend_module_to_snapshot => false, omit_expression => true}, {
            insta::assert_snapshot!("mistake", format!("{text}\n────────\n{rendered}"));
        });
    });
}
