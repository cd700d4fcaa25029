//! Where an execution begins again: at a workflow task that it completed; what it did from there on is done anew.
//! Pure.

use jiff::Timestamp;

/// An event of the history, as far as it matters here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Its number.
    pub id: i64,
    /// Its type, as `ACTIVITY_TASK_SCHEDULED`.
    pub name: String,
    /// When it was written.
    pub time: Option<Timestamp>,
    /// Whether it completed a workflow task.
    pub completes_task: bool,
}

/// The point that somebody names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    /// The run's beginning.
    First,
    /// The last decision that the code made.
    Last,
    /// The event, and what the code decided with it, is undone.
    Before(i64),
    /// The event is kept; what the code decided after it is undone.
    After(i64),
    /// What was decided from that time on is undone.
    Since(Timestamp),
}

/// The event to begin again at, and the event before which nothing is lost, in words.
///
/// # Errors
/// Why there is none.
pub fn reset_at(events: &[Moment], point: Point) -> Result<(i64, String), String> {
    let tasks = || events.iter().filter(|event| event.completes_task);
    let last = events.last().map_or(0, |event| event.id);
    let exists = |id: i64| {
        if (1..=last).contains(&id) { Ok(()) } else { Err(format!("there is no event {id}: the run has {last} events")) }
    };
    let found = match point {
        Point::First => tasks().next(),
        Point::Last => tasks().next_back(),
        Point::Before(id) => {
            exists(id)?;
            tasks().take_while(|task| task.id <= id).last()
        }
        Point::After(id) => {
            exists(id)?;
            tasks().find(|task| task.id > id)
        }
        Point::Since(time) => tasks().find(|task| task.time.is_some_and(|at| at >= time)),
    };
    let Some(task) = found else {
        return Err(match point {
            Point::First | Point::Last => "its code has not decided anything yet: there is nothing to undo".to_owned(),
            Point::Before(id) => format!("nothing was decided before event {id}"),
            Point::After(id) => format!("nothing was decided after event {id}: there is nothing to undo"),
            Point::Since(time) => format!("nothing was decided since {time}: there is nothing to undo"),
        });
    };
    let undone = events.iter().filter(|event| event.id > task.id).count();
    let first = events.iter().find(|event| event.id > task.id);
    let first = first.map(|event| format!(", the first of them {} {}", event.id, event.name)).unwrap_or_default();
    Ok((task.id, format!("begins again at event {} of {last}; {undone} events after it are left behind{first}", task.id)))
}
