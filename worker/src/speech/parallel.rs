//! Processes items on several threads and delivers the results in order.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

/// Worker threads at most: each takes about 70 MiB with the base model.
pub const MAX_WORKERS: u32 = 4;

/// Divides `threads` for so many items: the number of workers, and the threads of each.
///
/// Workers of one thread are faster than one worker of all threads, whose threads wait for each other.
/// With the base model on two cores, two workers took a third less processor time for the same windows.
pub fn split(threads: u32, items: usize) -> (usize, u32) {
    let items = u32::try_from(items).unwrap_or(u32::MAX);
    let workers = threads.min(MAX_WORKERS).min(items).max(1);
    (workers as usize, (threads / workers).max(1))
}

/// Processes each of `items` with the next free worker, and delivers each result as soon as all before
/// it are there. After an error, no further item begins.
pub fn in_order<W: Send, T: Send, E: Send>(
    workers: Vec<W>,
    items: Range<usize>,
    work: impl Fn(&mut W, usize) -> Result<T, E> + Sync,
    mut deliver: impl FnMut(T),
) -> Result<(), E> {
    let next = AtomicUsize::new(items.start);
    let (sender, receiver) = mpsc::channel();
    std::thread::scope(|scope| {
        for mut worker in workers {
            let (sender, next, work) = (sender.clone(), &next, &work);
            scope.spawn(move || {
                loop {
                    let item = next.fetch_add(1, Ordering::Relaxed);
                    if item >= items.end {
                        break;
                    }
                    let result = work(&mut worker, item);
                    if result.is_err() {
                        next.store(items.end, Ordering::Relaxed);
                    }
                    if sender.send((item, result)).is_err() {
                        break;
                    }
                }
            });
        }
        // Only the workers hold senders now, so that receiving ends with them.
        drop(sender);
        let (mut early, mut due) = (BTreeMap::new(), items.start);
        for (item, result) in receiver {
            early.insert(item, result?);
            while let Some(done) = early.remove(&due) {
                deliver(done);
                due += 1;
            }
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn threads_are_divided_among_at_most_as_many_workers_as_items() {
        assert_eq!(split(2, 5), (2, 1));
        assert_eq!(split(2, 1), (1, 2));
        assert_eq!(split(9, 100), (4, 2));
        assert_eq!(split(0, 0), (1, 1));
    }

    #[test]
    fn results_come_in_order_from_workers_of_different_speed() {
        let mut got = Vec::new();
        let work = |delay: &mut u64, item: usize| {
            std::thread::sleep(Duration::from_millis(*delay));
            Ok::<_, ()>(item * 10)
        };
        in_order(vec![9, 1, 4], 2..9, work, |done| got.push(done)).unwrap();
        assert_eq!(got, [20, 30, 40, 50, 60, 70, 80]);
    }

    #[test]
    fn an_error_ends_the_work() {
        let begun = AtomicUsize::new(0);
        let work = |(): &mut (), item: usize| {
            begun.fetch_add(1, Ordering::Relaxed);
            if item == 1 { Err("broken") } else { Ok(item) }
        };
        let mut got = Vec::new();
        assert_eq!(in_order(vec![()], 0..100, work, |done| got.push(done)), Err("broken"));
        assert_eq!((got, begun.into_inner()), (vec![0], 2));
    }
}
