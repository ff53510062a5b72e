//! A proxy in front of the test server that breaks what it is told to.

use std::io;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

use crate::harness::parameter;

/// What happens to a request.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is passed on.
    Pass,
    /// The server is not asked; the answer is an error with this status and code.
    Fail(u16, &'static str),
    /// There is never an answer.
    Stall,
    /// The server does it, but the answer is lost.
    Lose,
    /// The last byte of the answer is changed.
    Damage,
    /// The last byte of the answer is lost.
    CutShort,
}

/// Decides by the first line of a request.
pub type Judge = Arc<dyn Fn(&str) -> Fate + Send + Sync>;

/// Starts a proxy in front of the endpoint of `url`; its address is the result.
pub async fn start(url: &Url, judge: impl Fn(&str) -> Fate + Send + Sync + 'static) -> String {
    let endpoint = Url::parse(&parameter(url, "endpoint")).unwrap();
    let server = endpoint.socket_addrs(|| None).unwrap()[0];
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let judge: Judge = Arc::new(judge);
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let judge = judge.clone();
            // What goes wrong here is what the test is about, or makes it fail.
            tokio::spawn(async move { serve(client, server, judge).await });
        }
    });
    address
}

/// Serves one request and closes the connection.
async fn serve(
    mut client: TcpStream,
    server: std::net::SocketAddr,
    judge: Judge,
) -> io::Result<()> {
    let (head, body) = receive(&mut client).await?;
    let fate = judge(head.lines().next().unwrap_or_default());
    match fate {
        Fate::Fail(status, code) => {
            let text = format!("<Error><Code>{code}</Code><Message>no</Message></Error>");
            let length = text.len();
            let answer = format!(
                "HTTP/1.1 {status} No\r\nContent-Type: application/xml\r\n\
                 Content-Length: {length}\r\nConnection: close\r\n\r\n{text}"
            );
            return client.write_all(answer.as_bytes()).await;
        }
        // Until the client goes away.
        Fate::Stall => return client.read_u8().await.map(drop),
        _ => {}
    }
    let mut upstream = TcpStream::connect(server).await?;
    let head = head.replacen("\r\n", "\r\nConnection: close\r\n", 1);
    upstream.write_all(head.as_bytes()).await?;
    upstream.write_all(&body).await?;
    let mut answer = Vec::new();
    upstream.read_to_end(&mut answer).await?;
    match fate {
        Fate::Lose => return Ok(()),
        Fate::Damage => *answer.last_mut().unwrap() ^= 1,
        Fate::CutShort => drop(answer.pop()),
        _ => {}
    }
    client.write_all(&answer).await
}

async fn receive(client: &mut TcpStream) -> io::Result<(String, Vec<u8>)> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await?);
    }
    let head = String::from_utf8(head).map_err(io::Error::other)?;
    let lower = head.to_ascii_lowercase();
    if lower.contains("expect: 100-continue") {
        client.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
    }
    let length = lower.lines().find_map(|line| line.strip_prefix("content-length:"));
    let mut body = vec![0; length.map_or(0, |value| value.trim().parse().unwrap())];
    client.read_exact(&mut body).await?;
    Ok((head, body))
}
