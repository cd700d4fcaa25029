//! `timer`: sleeps for a time, or until a time.

use crate::compile::lower::Lower;
use crate::compile::ts::Stmt;
use crate::compile::ts::build::{ident, new, number, string};
use crate::diagnostic::Code;

pub(super) fn lower(cx: &mut Lower, at: usize, out: &mut Vec<Stmt>) {
    let fields = cx.fields(at, "a timer node");
    let duration = fields.duration("duration");
    let until = fields.text("until");
    if fields.has("duration") == fields.has("until") {
        let path = cx.node(at).config.path.clone();
        cx.error(
            Code::MISSING_FIELD,
            at,
            &path,
            "a timer node needs either `duration` or `until`",
            "say how long it sleeps, or until when",
        );
    }
    fields.finish();
    out.extend(cx.comment(at, None));
    let time = match until {
        Some(until) => {
            let until = new("Date", vec![cx.expression(&until, Some(&cx.node(at).id))]).method("getTime", Vec::new());
            let left = until.binary("-", ident("Date").method("now", Vec::new()));
            ident("Math").method("max", vec![number(0), left])
        }
        None => string(&duration.map(|duration| duration.words()).unwrap_or_default()),
    };
    out.push(ident("sleep").call(vec![time]).awaited().stmt());
}
