//! What an identity provider's claims make of somebody: rules such as `groups=cs-1 activist /cs/1`.

use std::collections::BTreeMap;
use std::str::FromStr;

use huibao_models::domain::branch::BranchPath;
use huibao_models::domain::person::{Grant, Role};
use serde_json::Value;

/// What a provider says of somebody: each claim with its values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Claims(BTreeMap<String, Vec<String>>);

impl Claims {
    /// The claims of an ID token: text, numbers, truth values, and lists of them.
    pub(crate) fn of_json(object: &serde_json::Map<String, Value>) -> Self {
        let mut claims = Self::default();
        for (name, value) in object {
            match value {
                Value::Array(values) => {
                    for value in values {
                        claims.add_json(name, value);
                    }
                }
                value => claims.add_json(name, value),
            }
        }
        claims
    }

    fn add_json(&mut self, name: &str, value: &Value) {
        match value {
            Value::String(text) => self.add(name, text),
            Value::Number(number) => self.add(name, &number.to_string()),
            Value::Bool(truth) => self.add(name, if *truth { "true" } else { "false" }),
            Value::Null | Value::Array(_) | Value::Object(_) => {}
        }
    }

    /// Adds a value.
    pub(crate) fn add(&mut self, name: &str, value: &str) {
        self.0.entry(name.to_owned()).or_default().push(value.to_owned());
    }

    /// The first value of a claim, unless it is empty.
    pub(crate) fn first(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.first().map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Whether a claim has this value; `*` is any.
    pub(crate) fn has(&self, name: &str, wanted: &str) -> bool {
        let values = self.0.get(name);
        values.is_some_and(|values| {
            values.iter().any(|value| value == wanted || (wanted == "*" && !value.is_empty()))
        })
    }
}

/// A rule: whoever has this claim is that there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    claim: String,
    value: String,
    role: Role,
    /// A branch in which `{claim}` stands for a claim's value.
    branch: String,
}

/// A text that is no rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("write CLAIM=VALUE ROLE /BRANCH, such as groups=cs-1 activist /cs/1")]
pub struct InvalidRule;

impl FromStr for Rule {
    type Err = InvalidRule;

    fn from_str(text: &str) -> Result<Self, InvalidRule> {
        // A value or a branch may hold spaces, so the role between them is looked for.
        let found = Role::ALL.iter().find_map(|role| {
            let (condition, branch) = text.split_once(&format!(" {role} /"))?;
            Some((condition, *role, format!("/{}", branch.trim())))
        });
        let (condition, role, branch) = found.ok_or(InvalidRule)?;
        let (claim, value) = condition.split_once('=').ok_or(InvalidRule)?;
        let (claim, value) = (claim.trim().to_owned(), value.trim().to_owned());
        if claim.is_empty() || value.is_empty() {
            return Err(InvalidRule);
        }
        // With something in place of the claims it must be a branch.
        let sample = fill(&branch, |_| Some("x")).ok_or(InvalidRule)?;
        sample.parse::<BranchPath>().map_err(|_| InvalidRule)?;
        Ok(Self { claim, value, role, branch })
    }
}

impl Rule {
    /// What the rule makes of somebody with these claims.
    pub(crate) fn grant(&self, claims: &Claims) -> Option<Grant> {
        if !claims.has(&self.claim, &self.value) {
            return None;
        }
        // A value with a slash would be several branches.
        let value = |name: &str| claims.first(name).filter(|value| !value.contains('/'));
        let branch = fill(&self.branch, value)?.parse().ok()?;
        Some(Grant { role: self.role, branch })
    }
}

/// Puts values in the place of `{names}`; `None` if one is missing.
fn fill<'v>(template: &str, value: impl Fn(&str) -> Option<&'v str>) -> Option<String> {
    let (mut filled, mut rest) = (String::new(), template);
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}')?;
        filled.push_str(before);
        filled.push_str(value(name)?);
        rest = after;
    }
    filled.push_str(rest);
    Some(filled)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn claims(value: &Value) -> Claims {
        Claims::of_json(value.as_object().unwrap())
    }

    fn grant(rule: &str, of: &Value) -> Option<String> {
        let rule: Rule = rule.parse().unwrap();
        rule.grant(&claims(of)).map(|grant| format!("{} {}", grant.role, grant.branch))
    }

    #[test]
    fn a_rule_makes_what_it_says_of_whoever_has_the_claim() {
        let li = json!({ "groups": ["a", "cs 1"], "college": "计算机", "year": 2026, "ok": true });
        for (rule, expected) in [
            ("groups=cs 1 activist /cs/1", Some("activist /cs/1")),
            ("groups=a reviewer /", Some("reviewer /")),
            ("year=2026 activist /{college}/{year} 级", Some("activist /计算机/2026 级")),
            ("ok=true operator /x", Some("operator /x")),
            ("college=* activist /x", Some("activist /x")),
            ("groups=b activist /cs", None),
            ("nothing=* activist /cs", None),
            ("groups=a activist /{nothing}", None),
        ] {
            assert_eq!(grant(rule, &li).as_deref(), expected, "{rule}");
        }
    }

    #[test]
    fn a_claim_cannot_reach_into_another_branch() {
        let evil = json!({ "college": "a/b", "dots": "..", "group": "x" });
        assert_eq!(grant("group=x activist /{college}", &evil), None);
        assert_eq!(grant("group=x activist /u/{dots}", &evil), None);
    }

    #[test]
    fn other_texts_are_no_rules() {
        for bad in [
            "",
            "groups=a",
            "groups=a king /a",
            "groups activist /a",
            "=a activist /a",
            "groups= activist /a",
            "groups=a activist a",
            "groups=a activist /a//b",
            "groups=a activist /{college",
        ] {
            assert_eq!(bad.parse::<Rule>(), Err(InvalidRule), "{bad}");
        }
    }
}
