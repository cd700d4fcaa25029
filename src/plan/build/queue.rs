//! Whose build may begin: so many at a time, the namespaces in turn, and within one who came first.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// A module: its namespace and name.
type Key = (String, String);

/// Who waits and who builds.
#[derive(Debug, Default)]
pub struct Queue {
    concurrency: usize,
    waiting: BTreeMap<String, VecDeque<String>>,
    /// The namespaces with somebody who waits, the next one first.
    turns: VecDeque<String>,
    building: BTreeSet<Key>,
}

impl Queue {
    /// So many at a time.
    #[must_use]
    pub fn new(concurrency: usize) -> Self {
        Self { concurrency: concurrency.max(1), ..Self::default() }
    }

    /// Whether a module may begin now; one that may not waits in line.
    pub fn ask(&mut self, namespace: &str, name: &str) -> bool {
        let key = (namespace.to_owned(), name.to_owned());
        if self.building.contains(&key) {
            return true;
        }
        let line = self.waiting.entry(namespace.to_owned()).or_default();
        if !line.iter().any(|waiting| waiting == name) {
            line.push_back(name.to_owned());
        }
        if !self.turns.iter().any(|turn| turn == namespace) {
            self.turns.push_back(namespace.to_owned());
        }
        if !self.next().contains(&key) {
            return false;
        }
        self.leave_line(namespace, name);
        self.building.insert(key);
        true
    }

    /// A build of the module is known to run: it takes a place, whoever let it begin.
    pub fn runs(&mut self, namespace: &str, name: &str) {
        self.leave_line(namespace, name);
        self.building.insert((namespace.to_owned(), name.to_owned()));
    }

    /// The module builds nothing, and wants nothing built. Who may begin now.
    pub fn done(&mut self, namespace: &str, name: &str) -> Vec<Key> {
        let had = self.building.remove(&(namespace.to_owned(), name.to_owned()));
        self.leave_line(namespace, name);
        if had { self.next() } else { Vec::new() }
    }

    /// Who may begin now, in turn.
    fn next(&self) -> Vec<Key> {
        let free = self.concurrency.saturating_sub(self.building.len());
        let mut next = Vec::new();
        let longest = self.waiting.values().map(VecDeque::len).max().unwrap_or(0);
        for place in 0..longest {
            for namespace in &self.turns {
                if let Some(name) = self.waiting.get(namespace).and_then(|line| line.get(place)) {
                    next.push((namespace.clone(), name.clone()));
                }
                if next.len() == free {
                    return next;
                }
            }
        }
        next.truncate(free);
        next
    }

    /// Takes a module out of its namespace's line; a namespace that had its turn goes to the end.
    fn leave_line(&mut self, namespace: &str, name: &str) {
        let Some(line) = self.waiting.get_mut(namespace) else { return };
        let before = line.len();
        line.retain(|waiting| waiting != name);
        let (is_empty, has_left) = (line.is_empty(), line.len() < before);
        if has_left {
            self.turns.retain(|turn| turn != namespace);
        }
        if is_empty {
            self.waiting.remove(namespace);
        } else if has_left {
            self.turns.push_back(namespace.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn namespaces_take_turns() {
        let mut queue = Queue::new(1);
        assert!(queue.ask("many", "0"));
        for name in ["1", "2", "3"] {
            assert!(!queue.ask("many", name));
        }
        assert!(!queue.ask("few", "a"));
        let mut order = Vec::new();
        let mut building = ("many".to_owned(), "0".to_owned());
        loop {
            let next = queue.done(&building.0, &building.1);
            let Some(first) = next.first().cloned() else { break };
            assert!(queue.ask(&first.0, &first.1));
            order.push(format!("{}/{}", first.0, first.1));
            building = first;
        }
        assert_eq!(order, ["many/1", "few/a", "many/2", "many/3"]);
        assert!(queue.waiting.is_empty() && queue.turns.is_empty() && queue.building.is_empty());
    }

    #[test]
    fn never_more_than_its_concurrency_and_what_runs_takes_a_place() {
        let mut queue = Queue::new(2);
        queue.runs("a", "old");
        assert!(queue.ask("a", "1"));
        assert!(!queue.ask("b", "2") && !queue.ask("b", "2"));
        assert!(queue.ask("a", "1"), "it has its place");
        assert_eq!(queue.done("a", "unknown"), []);
        assert_eq!(queue.done("a", "old"), [("b".to_owned(), "2".to_owned())]);
        assert!(queue.ask("b", "2"));
    }

    #[test]
    fn who_goes_leaves_the_line() {
        let mut queue = Queue::new(1);
        assert!(queue.ask("a", "1"));
        assert!(!queue.ask("a", "2") && !queue.ask("a", "3"));
        assert_eq!(queue.done("a", "2"), []);
        assert_eq!(queue.done("a", "1"), [("a".to_owned(), "3".to_owned())]);
    }
}
