//! A network between client and server that breaks where a test wants it to.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// Where a connection breaks.
#[derive(Clone, Copy)]
pub enum Cut {
    /// After so many bytes to the server.
    Upward(u64),
    /// After so many bytes from the server.
    Downward(u64),
}

/// The network; it lives as long as the test's process.
pub struct Proxy {
    /// Where the server answers through it.
    pub url: String,
    accepted: Arc<AtomicUsize>,
    /// Those of the next connections.
    cuts: Arc<Mutex<VecDeque<Cut>>>,
}

impl Proxy {
    /// Passes connections on to the server at `url`. The first ones break as `cuts` say, in order.
    pub fn start(url: &str, cuts: &[Cut]) -> Self {
        let target = url.trim_start_matches("http://").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let accepted = Arc::new(AtomicUsize::new(0));
        let cuts = Arc::new(Mutex::new(VecDeque::from(cuts.to_vec())));
        let (next, count) = (cuts.clone(), accepted.clone());
        std::thread::spawn(move || {
            for client in listener.incoming() {
                count.fetch_add(1, Ordering::SeqCst);
                let cut = next.lock().unwrap().pop_front();
                pass(client.unwrap(), TcpStream::connect(&target).unwrap(), cut);
            }
        });
        Self { url, accepted, cuts }
    }

    /// From now on, connections break so.
    pub fn set(&self, cuts: &[Cut]) {
        *self.cuts.lock().unwrap() = cuts.to_vec().into();
    }

    /// How many connections there were.
    pub fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }
}

fn pass(client: TcpStream, server: TcpStream, cut: Option<Cut>) {
    let (up, down) = match cut {
        Some(Cut::Upward(bytes)) => (bytes, u64::MAX),
        Some(Cut::Downward(bytes)) => (u64::MAX, bytes),
        None => (u64::MAX, u64::MAX),
    };
    let (client_too, server_too) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    std::thread::spawn(move || copy(&client, &server, up));
    std::thread::spawn(move || copy(&server_too, &client_too, down));
}

/// Copies until the end, an error, or the cut; then both ways are closed.
fn copy(from: &TcpStream, mut to: &TcpStream, bytes: u64) {
    // A side that went away is the end as well.
    let _ = io::copy(&mut from.take(bytes), &mut to).and_then(|_| to.flush());
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}
