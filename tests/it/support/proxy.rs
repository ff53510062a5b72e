//! A network between client and server that breaks where a test wants it to.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Where a connection breaks.
#[derive(Clone, Copy)]
pub enum Cut {
    /// After so many bytes to the server.
    Upward(u64),
    /// After so many bytes from the server.
    Downward(u64),
}

/// What went to the server, over all connections.
struct Upward {
    bytes: AtomicU64,
    /// Where the network ends: nothing more goes to the server then.
    end: AtomicU64,
}

/// The network; it lives as long as the test's process.
pub struct Proxy {
    /// Where the server answers through it.
    pub url: String,
    accepted: Arc<AtomicUsize>,
    upward: Arc<Upward>,
}

impl Proxy {
    /// Passes connections on to the server at `url`. The first ones break as `cuts` say, in order.
    pub fn start(url: &str, cuts: &[Cut]) -> Self {
        let target = url.trim_start_matches("http://").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let accepted = Arc::new(AtomicUsize::new(0));
        let mut cuts = VecDeque::from(cuts.to_vec());
        let upward = Arc::new(Upward { bytes: AtomicU64::new(0), end: AtomicU64::new(u64::MAX) });
        let (count, sent) = (accepted.clone(), upward.clone());
        std::thread::spawn(move || {
            for client in listener.incoming() {
                count.fetch_add(1, Ordering::SeqCst);
                let server = TcpStream::connect(&target).unwrap();
                pass(client.unwrap(), server, cuts.pop_front(), &sent);
            }
        });
        Self { url, accepted, upward }
    }

    /// Ends after so many more bytes to the server, over however many connections a client opens.
    pub fn end_after(&self, bytes: u64) {
        self.upward.end.store(self.sent() + bytes, Ordering::SeqCst);
    }

    /// Whether it has ended.
    pub fn has_ended(&self) -> bool {
        self.upward.left() == 0
    }

    /// It is there again.
    pub fn begin_again(&self) {
        self.upward.end.store(u64::MAX, Ordering::SeqCst);
    }

    /// How many bytes went to the server.
    pub fn sent(&self) -> u64 {
        self.upward.bytes.load(Ordering::SeqCst)
    }

    /// How many connections there were. A client may open more than it needs: it takes whichever is
    /// there first, the one that it waits for or one that becomes free.
    pub fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }
}

impl Upward {
    fn left(&self) -> u64 {
        let bytes = self.bytes.load(Ordering::SeqCst);
        self.end.load(Ordering::SeqCst).saturating_sub(bytes)
    }

    /// Copies until the end of either.
    fn copy(&self, mut from: impl Read, mut to: impl Write) -> io::Result<()> {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let read = from.read(&mut buffer)?;
            let passed = read.min(usize::try_from(self.left()).unwrap_or(usize::MAX));
            // Before they arrive: whoever has an answer finds them counted.
            self.bytes.fetch_add(passed as u64, Ordering::SeqCst);
            to.write_all(&buffer[..passed])?;
            if passed == 0 || passed < read {
                return Ok(());
            }
        }
    }
}

fn pass(client: TcpStream, server: TcpStream, cut: Option<Cut>, upward: &Arc<Upward>) {
    let (up, down) = match cut {
        Some(Cut::Upward(bytes)) => (bytes, u64::MAX),
        Some(Cut::Downward(bytes)) => (u64::MAX, bytes),
        None => (u64::MAX, u64::MAX),
    };
    let (client_too, server_too) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    let upward = upward.clone();
    std::thread::spawn(move || {
        between(&client, &server, |from, to| upward.copy(from.take(up), to));
    });
    std::thread::spawn(move || {
        between(&server_too, &client_too, |from, mut to| {
            io::copy(&mut from.take(down), &mut to).map(|_| ())
        });
    });
}

/// Copies until the end, an error, or the cut; then both ways are closed.
fn between(
    from: &TcpStream,
    to: &TcpStream,
    copy: impl Fn(&TcpStream, &TcpStream) -> io::Result<()>,
) {
    // A side that went away is the end as well.
    let _ = copy(from, to);
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}
