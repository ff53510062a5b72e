//! Errors of a server, as errors of the command.

use std::error::Error;
use std::time::Duration;

use huibao_api::view::{ErrorBody, FailureView};
use huibao_models::domain::failure::{FailureCode, Lang};
use reqwest::header::LOCATION;
use reqwest::{Response, StatusCode};
use url::Url;

use super::server::Server;
use crate::exit::CommandError;

/// Code of a server that does not answer.
const UNREACHABLE: &str = "server_unreachable";
/// Code of a response that is not from Huibao.
const UNEXPECTED: &str = "unexpected_answer";

/// Exit codes, as documented in `huibao --help`.
const BAD_INPUT: u8 = 65;
const UNAVAILABLE: u8 = 69;
const INTERNAL: u8 = 70;
const TRY_AGAIN: u8 = 75;

/// Whether the request may succeed later.
pub fn is_passing(status: StatusCode) -> bool {
    let again = [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_MANY_REQUESTS];
    status.is_server_error() || again.contains(&status)
}

/// An error response, of Huibao or of something else.
pub async fn refused(server: &Server, response: Response) -> CommandError {
    let status = response.status();
    let place = response.headers().get(LOCATION).and_then(|place| place.to_str().ok());
    if let Some(place) = place.filter(|_| status.is_redirection()) {
        return moved(server, place);
    }
    let reason = response
        .json::<ErrorBody>()
        .await
        .ok()
        .map(|body| FailureView { code: body.code, message: body.detail });
    if status == StatusCode::UNAUTHORIZED {
        return unauthorized(server);
    }
    let Some(FailureView { code, message }) = reason.or_else(|| known(status, server.lang)) else {
        return unexpected(server, status);
    };
    CommandError::Server { code, message, exit: exit(status), url: Some(server.base.to_string()) }
}

/// The exit code of an error response.
fn exit(status: StatusCode) -> u8 {
    match status {
        _ if is_passing(status) => TRY_AGAIN,
        // The address or the access is wrong; another file would not help.
        StatusCode::FORBIDDEN | StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => {
            UNAVAILABLE
        }
        _ => BAD_INPUT,
    }
}

/// An error response of a proxy that has a code of ours.
fn known(status: StatusCode, lang: Lang) -> Option<FailureView> {
    let code = match status {
        StatusCode::PAYLOAD_TOO_LARGE => FailureCode::TooLarge,
        StatusCode::INSUFFICIENT_STORAGE => FailureCode::DiskFull,
        _ => return None,
    };
    Some(FailureView { code: code.to_string(), message: code.message(lang).to_owned() })
}

fn unauthorized(server: &Server) -> CommandError {
    let base = &server.base;
    let message = match (server.lang, server.has_token()) {
        (Lang::Zh, false) => format!(
            "{base} 需要访问令牌。请在账户页面或用 huibao token create 创建，并通过 HUIBAO_TOKEN 或 --token 给出。"
        ),
        (Lang::Zh, true) => format!(
            "{base} 不接受这个访问令牌（可能已过期或被撤销）。请检查 HUIBAO_TOKEN 或 --token，或在账户页面或用 huibao token create 重新创建。"
        ),
        (Lang::En, false) => format!(
            "{base} requires an access token. Make one on the account page or with huibao token \
             create, and give it with HUIBAO_TOKEN or --token."
        ),
        (Lang::En, true) => format!(
            "{base} refuses this access token; it may have expired or been removed. Please check \
             HUIBAO_TOKEN or --token, or make another one on the account page or with huibao token \
             create."
        ),
    };
    CommandError::Server { code: "unauthorized".to_owned(), message, exit: UNAVAILABLE, url: None }
}

fn moved(server: &Server, place: &str) -> CommandError {
    let base = &server.base;
    let message = match server.lang {
        Lang::Zh => format!("{base} 转到了 {place}。请在 --server 中直接写新的地址。"),
        Lang::En => format!("{base} redirects to {place}. Please give that address as --server."),
    };
    CommandError::Server { code: UNEXPECTED.to_owned(), message, exit: UNAVAILABLE, url: None }
}

/// A response that is not from Huibao.
pub fn unexpected(server: &Server, status: StatusCode) -> CommandError {
    let base = &server.base;
    let message = match server.lang {
        Lang::Zh => {
            format!("{base} 的回答（{status}）不像是 Huibao 服务器。请检查 --server 的地址。")
        }
        Lang::En => format!(
            "{base} does not respond as a Huibao server does ({status}). Please check --server."
        ),
    };
    let exit = if is_passing(status) { TRY_AGAIN } else { UNAVAILABLE };
    CommandError::Server { code: UNEXPECTED.to_owned(), message, exit, url: None }
}

/// No response.
pub fn unreachable(server: &Server, error: &dyn Error) -> CommandError {
    let (base, cause) = (&server.base, root_cause(error));
    let message = match server.lang {
        Lang::Zh => format!("连接不上 {base}（{cause}）。请检查地址，并确认服务器正在运行。"),
        Lang::En => format!(
            "{base} cannot be reached ({cause}). Please check the address and that the server runs."
        ),
    };
    CommandError::Server { code: UNREACHABLE.to_owned(), message, exit: TRY_AGAIN, url: None }
}

/// The connection broke during an upload, too often to go on.
pub fn broken_upload(server: &Server, error: &dyn Error) -> CommandError {
    broken(server, &root_cause(error))
}

/// Nothing went through the connection during an upload.
pub fn silent_upload(server: &Server, silence: Duration) -> CommandError {
    broken(server, &format!("nothing for {} seconds", silence.as_secs()))
}

fn broken(server: &Server, cause: &str) -> CommandError {
    let base = &server.base;
    let message = match server.lang {
        Lang::Zh => format!(
            "上传到 {base} 时连接多次中断（{cause}）。已上传的部分会保留；请稍后再次运行同一命令，即可接着上传。"
        ),
        Lang::En => format!(
            "The connection to {base} broke again and again ({cause}). What was uploaded is kept: run \
             the same command again later, and it goes on."
        ),
    };
    CommandError::Server { code: UNREACHABLE.to_owned(), message, exit: TRY_AGAIN, url: None }
}

/// The server stopped answering while the report was followed.
pub fn lost(server: &Server, cause: &str, page: Url) -> CommandError {
    let base = &server.base;
    let message = match server.lang {
        Lang::Zh => {
            format!(
                "{base} 不再回答（{cause}）。汇报已经保存在那里，不必重新提交，稍后打开页面查看。"
            )
        }
        Lang::En => format!(
            "{base} no longer answers ({cause}). The report is stored there: please do not \
             submit it again, but look at its page later."
        ),
    };
    CommandError::Server {
        code: UNREACHABLE.to_owned(),
        message,
        exit: TRY_AGAIN,
        url: Some(page.into()),
    }
}

/// The report failed on the server.
pub fn failed(reason: FailureView, page: Url) -> CommandError {
    let known = FailureCode::ALL.iter().find(|known| known.as_str() == reason.code);
    let exit = known.map_or(INTERNAL, |known| known.exit_code());
    CommandError::Server {
        code: reason.code,
        message: reason.message,
        exit,
        url: Some(page.into()),
    }
}

/// The innermost cause: the layers above only say that something was being sent.
pub fn root_cause(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_of_a_newer_server_is_a_failure_of_its_own() {
        let exit = |code: &str| {
            let reason = FailureView { code: code.to_owned(), message: "…".to_owned() };
            let page = Url::parse("http://127.0.0.1/").unwrap();
            match failed(reason, page) {
                CommandError::Server { exit, .. } => exit,
                other => panic!("{other}"),
            }
        };
        assert_eq!(exit("not_media"), 65);
        assert_eq!(exit("model_missing"), 69);
        assert_eq!(exit("child_crashed"), 70);
        assert_eq!(exit("disk_full"), 75);
        assert_eq!(exit("invented_later"), 70);
    }

    #[test]
    fn refusals_say_who_can_help() {
        for (status, code) in [(400, 65), (413, 65), (415, 65), (403, 69), (404, 69), (429, 75)] {
            assert_eq!(exit(StatusCode::from_u16(status).unwrap()), code, "{status}");
        }
        assert_eq!(exit(StatusCode::INSUFFICIENT_STORAGE), 75);
    }
}
