//! Group robots: each has its own way to be signed and to say what is wrong.
//!
//! WeCom: <https://developer.work.weixin.qq.com/document/path/91770>. DingTalk:
//! <https://open.dingtalk.com/document/robots/customize-robot-security-settings>. Feishu:
//! <https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot>.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use huibao_models::domain::channel::ChannelKind;
use serde_json::{Value, json};
use url::Url;

use super::DeliveryError;
use super::webhook::hmac;

/// What is sent to a robot: the address, with the signature where it belongs there, and the body.
pub(super) fn message(
    kind: ChannelKind,
    mut url: Url,
    secret: &str,
    text: &str,
    unix_ms: i64,
) -> (Url, Value) {
    match kind {
        // The key in its address is all that it wants.
        ChannelKind::Wecom | ChannelKind::Webhook => {
            (url, json!({ "msgtype": "text", "text": { "content": text } }))
        }
        ChannelKind::Dingtalk => {
            if !secret.is_empty() {
                let signed = hmac(secret.as_bytes(), format!("{unix_ms}\n{secret}").as_bytes());
                url.query_pairs_mut()
                    .append_pair("timestamp", &unix_ms.to_string())
                    .append_pair("sign", &STANDARD.encode(signed));
            }
            (url, json!({ "msgtype": "text", "text": { "content": text } }))
        }
        ChannelKind::Feishu => {
            let mut body = json!({ "msg_type": "text", "content": { "text": text } });
            if !secret.is_empty() {
                let seconds = unix_ms / 1000;
                // The text is the key, and nothing is the message.
                let signed = hmac(format!("{seconds}\n{secret}").as_bytes(), b"");
                body["timestamp"] = json!(seconds.to_string());
                body["sign"] = json!(STANDARD.encode(signed));
            }
            (url, body)
        }
    }
}

/// What a robot answers: all of them answer 200 and say in the body what is wrong.
pub(super) fn verdict(answer: &str) -> Result<(), DeliveryError> {
    let Ok(answer) = serde_json::from_str::<Value>(answer) else {
        return Err(DeliveryError::Final("the answer is no robot's".into()));
    };
    let code = answer["errcode"].as_i64().or_else(|| answer["code"].as_i64());
    let says = || answer["errmsg"].as_str().or_else(|| answer["msg"].as_str()).unwrap_or_default();
    match code {
        Some(0) => Ok(()),
        // Too many messages: WeCom 45009, DingTalk 130101 and 660026, Feishu 9499 and 11232; or busy (-1).
        Some(code @ (-1 | 45009 | 130_101 | 660_026 | 9499 | 11232)) => {
            Err(DeliveryError::Passing(format!("{code}: {}", says())))
        }
        Some(code) => Err(DeliveryError::Final(format!("{code}: {}", says()))),
        None => Err(DeliveryError::Final("the answer is no robot's".into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url() -> Url {
        "https://robot.example/send?access_token=x".parse().unwrap()
    }

    #[test]
    fn each_robot_is_signed_as_it_wants() {
        let (wecom, body) = message(ChannelKind::Wecom, url(), "", "你好", 1_700_000_000_123);
        assert_eq!((wecom, body["text"]["content"].as_str()), (url(), Some("你好")));
        // As `openssl dgst -sha256 -hmac` computes it.
        let (dingtalk, _) = message(ChannelKind::Dingtalk, url(), "SECx", "a", 1_700_000_000_123);
        let pairs: Vec<_> = dingtalk.query_pairs().into_owned().collect();
        assert_eq!(pairs[0].0, "access_token");
        assert_eq!(pairs[1], ("timestamp".into(), "1700000000123".into()));
        let code = hmac(b"SECx", b"1700000000123\nSECx");
        assert_eq!(pairs[2], ("sign".into(), STANDARD.encode(code)));
        let (feishu, body) = message(ChannelKind::Feishu, url(), "s", "a", 1_700_000_000_123);
        assert_eq!(feishu, url());
        assert_eq!(body["timestamp"], "1700000000");
        assert_eq!(body["sign"], STANDARD.encode(hmac(b"1700000000\ns", b"")));
    }

    #[test]
    fn what_a_robot_says_counts_and_not_its_status() {
        assert!(verdict(r#"{"errcode":0,"errmsg":"ok"}"#).is_ok());
        assert!(verdict(r#"{"code":0,"msg":"success"}"#).is_ok());
        for passing in [r#"{"errcode":45009}"#, r#"{"code":9499,"msg":"too many"}"#] {
            assert!(matches!(verdict(passing), Err(DeliveryError::Passing(_))), "{passing}");
        }
        for refused in [r#"{"errcode":93000,"errmsg":"invalid webhook url"}"#, "<html>", "{}"] {
            assert!(matches!(verdict(refused), Err(DeliveryError::Final(_))), "{refused}");
        }
    }
}
