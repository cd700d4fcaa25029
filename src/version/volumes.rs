//! A version's files, distributed over volumes of a limited size: a ConfigMap holds a mebibyte. What is too large is compressed and cut.
//! Pure.

use flate2::read::GzDecoder;
use flate2::{Compression, GzBuilder};
use std::collections::BTreeMap;
use std::io::{Read, Write};

/// How much one volume holds, in bytes: base64 and the object around it take the rest of a mebibyte.
const ROOM: usize = 700 * 1024;

/// The files in groups, each for one volume. A file that is larger than a volume is compressed; `name.gz.0`, `name.gz.1`, … are the pieces of that stream.
/// The same files always give the same groups.
#[must_use]
pub fn volumes(files: &[(String, Vec<u8>)]) -> Vec<BTreeMap<String, Vec<u8>>> {
    let mut groups: Vec<(usize, BTreeMap<String, Vec<u8>>)> = Vec::new();
    for (name, content) in files.iter().flat_map(|(name, content)| pieces(name, content)) {
        let size = name.len() + content.len();
        match groups.iter_mut().find(|(used, _)| used + size <= ROOM) {
            Some((used, group)) => {
                *used += size;
                group.insert(name, content);
            }
            None => groups.push((size, BTreeMap::from([(name, content)]))),
        }
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

fn pieces(name: &str, content: &[u8]) -> Vec<(String, Vec<u8>)> {
    if name.len() + content.len() <= ROOM {
        return vec![(name.to_owned(), content.to_vec())];
    }
    let mut compressed = GzBuilder::new().mtime(0).write(Vec::new(), Compression::best());
    // Writing to memory cannot fail.
    let _ = compressed.write_all(content);
    let stream = compressed.finish().unwrap_or_default();
    let room = ROOM - 300;
    stream.chunks(room).enumerate().map(|(number, piece)| (format!("{name}.gz.{number}"), piece.to_vec())).collect()
}

/// The files that were distributed over these volumes, by name.
///
/// # Errors
/// A stream whose pieces are not all there.
pub fn files(volumes: Vec<BTreeMap<String, Vec<u8>>>) -> std::io::Result<Vec<(String, Vec<u8>)>> {
    let mut whole = BTreeMap::new();
    let mut streams: BTreeMap<String, BTreeMap<usize, Vec<u8>>> = BTreeMap::new();
    for (name, content) in volumes.into_iter().flatten() {
        match name.rsplit_once(".gz.").and_then(|(name, number)| Some((name.to_owned(), number.parse().ok()?))) {
            Some((name, number)) => {
                streams.entry(name).or_default().insert(number, content);
            }
            None => {
                whole.insert(name, content);
            }
        }
    }
    for (name, pieces) in streams {
        let stream: Vec<u8> = pieces.into_values().flatten().collect();
        let mut content = Vec::new();
        GzDecoder::new(stream.as_slice()).read_to_end(&mut content)?;
        whole.insert(name, content);
    }
    Ok(whole.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn what_is_put_together_again_is_what_went_in(sizes in prop::collection::vec(0usize..2_000_000, 0..6), seed: u64) {
            let noise = |size: usize, at: u64| {
                let mut state = seed ^ at;
                (0..size).map(|_| { state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1); (state >> 56) as u8 }).collect::<Vec<u8>>()
            };
            let sources: Vec<(String, Vec<u8>)> = sizes.iter().enumerate().map(|(at, size)| (format!("W{at}.js"), noise(*size, at as u64))).collect();
            let groups = volumes(&sources);
            for group in &groups {
                prop_assert!(group.iter().map(|(name, content)| name.len() + content.len()).sum::<usize>() <= ROOM);
            }
            prop_assert_eq!(groups.clone(), volumes(&sources));
            prop_assert_eq!(files(groups).unwrap(), sources);
        }
    }
}
