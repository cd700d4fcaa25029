//! A version's files, distributed over volumes of a limited size: a ConfigMap holds a mebibyte. What is too large is compressed and cut.
//! Pure.

use flate2::read::GzDecoder;
use flate2::{Compression, GzBuilder};
use std::collections::BTreeMap;
use std::io::{Read, Write};

/// How much one volume holds, in bytes with the names: base64 and the object around it take the rest of a mebibyte.
const ROOM: usize = 700 * 1024;

/// The files in groups, each for one volume. A file that is larger than a volume is compressed; `name.gz.0`, `name.gz.1`, … are the pieces of that stream.
/// The same files always give the same groups.
#[must_use]
pub fn volumes(files: &[(String, Vec<u8>)]) -> Vec<BTreeMap<String, Vec<u8>>> {
    distribute(files, ROOM)
}

fn distribute(files: &[(String, Vec<u8>)], room: usize) -> Vec<BTreeMap<String, Vec<u8>>> {
    let mut groups: Vec<(usize, BTreeMap<String, Vec<u8>>)> = Vec::new();
    for (name, content) in files.iter().flat_map(|(name, content)| pieces(name, content, room)) {
        let size = name.len() + content.len();
        match groups.iter_mut().find(|(used, _)| used + size <= room) {
            Some((used, group)) => {
                *used += size;
                group.insert(name, content);
            }
            None => groups.push((size, BTreeMap::from([(name, content)]))),
        }
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

fn pieces(name: &str, content: &[u8], room: usize) -> Vec<(String, Vec<u8>)> {
    if name.len() + content.len() <= room {
        return vec![(name.to_owned(), content.to_vec())];
    }
    let mut compressed = GzBuilder::new().mtime(0).write(Vec::new(), Compression::best());
    // Writing to memory cannot fail.
    let _ = compressed.write_all(content);
    let stream = compressed.finish().unwrap_or_default();
    // The names of the pieces take room too: as many bytes as a key of a ConfigMap has at most.
    stream
        .chunks(room.saturating_sub(253).max(1))
        .enumerate()
        .map(|(number, piece)| (format!("{name}.gz.{number}"), piece.to_vec()))
        .collect()
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

    /// What no compression makes smaller.
    fn noise(size: usize, seed: u64) -> Vec<u8> {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state.to_be_bytes()[0]
        };
        (0..size).map(|_| next()).collect()
    }

    proptest! {
        #[test]
        fn what_is_put_together_again_is_what_went_in(
            contents in prop::collection::vec((0usize..20_000, any::<Option<u64>>()), 0..8),
            room in 500usize..5_000,
        ) {
            let content = |&(size, seed): &(usize, Option<u64>)| seed.map_or_else(|| vec![b' '; size], |seed| noise(size, seed));
            let sources: Vec<(String, Vec<u8>)> = contents.iter().enumerate().map(|(at, sketch)| (format!("W{at}.js"), content(sketch))).collect();
            let groups = distribute(&sources, room);
            for group in &groups {
                prop_assert!(group.iter().map(|(name, content)| name.len() + content.len()).sum::<usize>() <= room);
            }
            for (name, content) in sources.iter().filter(|(name, content)| name.len() + content.len() <= room) {
                prop_assert!(groups.iter().any(|group| group.get(name) == Some(content)), "{} is whole, as it fits", name);
            }
            prop_assert_eq!(&groups, &distribute(&sources, room), "the same files, the same groups");
            prop_assert_eq!(files(groups).unwrap(), sources);
        }
    }

    #[test]
    fn a_volume_is_smaller_than_a_config_map() {
        let sources = [("large.js".to_owned(), noise(2_000_000, 7)), ("small.js".to_owned(), vec![b' '; 1000])];
        let groups = volumes(&sources);
        assert_eq!(groups.iter().map(BTreeMap::len).collect::<Vec<_>>(), [1, 1, 2]);
        let largest = groups.iter().map(|group| group.values().map(|content| content.len().div_ceil(3) * 4).sum::<usize>()).max();
        assert!(largest.is_some_and(|encoded| encoded < 1_000_000), "{largest:?}");
        assert_eq!(files(groups).unwrap(), sources);
    }

    #[test]
    fn a_stream_whose_pieces_are_not_all_there_is_an_error() {
        let mut groups = volumes(&[("large.js".to_owned(), noise(2_000_000, 7))]);
        groups.pop();
        assert!(files(groups).is_err());
    }
}
