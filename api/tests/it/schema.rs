//! Compares JSON with the schemas of the OpenAPI document. Unlike a usual validator it also reports
//! fields that the document does not describe.

use serde_json::Value;

/// The differences between `value` and the response `status` of `GET route`, as paths with a reason.
pub fn differences(document: &Value, route: &str, status: u16, value: &Value) -> Vec<String> {
    let responses = &document["paths"][route]["get"]["responses"];
    let response = responses.get(status.to_string()).unwrap_or(&responses["default"]);
    let content = response["content"].as_object().unwrap().values().next().unwrap();
    let mut check = Check { document, found: Vec::new() };
    check.value("$", &content["schema"], value);
    check.found
}

struct Check<'a> {
    document: &'a Value,
    found: Vec<String>,
}

impl<'a> Check<'a> {
    fn value(&mut self, path: &str, schema: &'a Value, value: &Value) {
        let schema = resolve(self.document, schema);
        if let Some(options) = schema["oneOf"].as_array() {
            return self.one_of(path, options, value);
        }
        if schema.get("properties").is_some() || schema.get("allOf").is_some() {
            return self.object(path, schema, value);
        }
        if let Some(values) = schema["enum"].as_array()
            && !values.contains(value)
        {
            self.found.push(format!("{path}: {value} is not in the enum"));
        }
        let types = match &schema["type"] {
            Value::Array(types) => types.clone(),
            Value::Null => return,
            one => vec![one.clone()],
        };
        if !types.iter().any(|name| has_type(value, name.as_str().unwrap())) {
            self.found.push(format!("{path}: {value} is not of type {types:?}"));
        }
        for (index, item) in value.as_array().into_iter().flatten().enumerate() {
            self.value(&format!("{path}[{index}]"), &schema["items"], item);
        }
    }

    fn one_of(&mut self, path: &str, options: &'a [Value], value: &Value) {
        let tried = options.iter().map(|option| {
            let mut check = Check { document: self.document, found: Vec::new() };
            check.value(path, option, value);
            check.found
        });
        let best = tried.min_by_key(Vec::len).unwrap();
        self.found.extend(best);
    }

    fn object(&mut self, path: &str, schema: &'a Value, value: &Value) {
        let Some(fields) = value.as_object() else {
            return self.found.push(format!("{path}: {value} is not an object"));
        };
        let document = self.document;
        let parts: Vec<&Value> = match schema["allOf"].as_array() {
            Some(parts) => parts.iter().map(|part| resolve(document, part)).collect(),
            None => vec![schema],
        };
        let required = parts.iter().filter_map(|part| part["required"].as_array()).flatten();
        for name in required.map(|name| name.as_str().unwrap()) {
            if !fields.contains_key(name) {
                self.found.push(format!("{path}.{name} is missing"));
            }
        }
        for (name, field) in fields {
            match parts.iter().find_map(|part| part["properties"].get(name)) {
                Some(schema) => self.value(&format!("{path}.{name}"), schema, field),
                None => self.found.push(format!("{path}.{name} is not described")),
            }
        }
    }
}

fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(reference) => document.pointer(reference.trim_start_matches('#')).unwrap(),
        None => schema,
    }
}

fn has_type(value: &Value, name: &str) -> bool {
    match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("unknown type {other}"),
    }
}
