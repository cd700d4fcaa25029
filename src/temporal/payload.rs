//! Values on their way to and from the server: JSON, in the form that every Temporal SDK reads by default.

use serde_json::Value;
use temporalio_common::protos::temporal::api::common::v1::{Payload, Payloads};

const ENCODING: &str = "encoding";

/// Arguments, in their order.
pub(super) fn encode(values: &[Value]) -> Payloads {
    Payloads { payloads: values.iter().map(encode_one).collect() }
}

/// One value.
pub(super) fn encode_one(value: &Value) -> Payload {
    let metadata = [(ENCODING.to_owned(), b"json/plain".to_vec())].into();
    Payload { metadata, data: value.to_string().into_bytes(), ..Default::default() }
}

/// The only value of `payloads`; null where there is none.
///
/// # Errors
/// Why it can't be read, as a sentence.
pub(super) fn decode(payloads: Option<&Payloads>) -> Result<Value, String> {
    payloads.and_then(|payloads| payloads.payloads.first()).map_or(Ok(Value::Null), decode_one)
}

/// Every value of `payloads`; one that can't be read is null.
pub(super) fn decode_all(payloads: Option<&Payloads>) -> Vec<Value> {
    let payloads = payloads.map(|payloads| payloads.payloads.as_slice()).unwrap_or_default();
    payloads.iter().map(|payload| decode_one(payload).unwrap_or_default()).collect()
}

/// One value.
///
/// # Errors
/// As [`decode`].
pub(super) fn decode_one(payload: &Payload) -> Result<Value, String> {
    match payload.metadata.get(ENCODING).map(Vec::as_slice) {
        Some(b"json/plain" | b"json/protobuf") => {
            serde_json::from_slice(&payload.data).map_err(|error| format!("the value is no JSON ({error})"))
        }
        // `undefined`, as the TypeScript SDK writes it.
        Some(b"binary/null") => Ok(Value::Null),
        Some(other) => Err(format!("the value is encoded as `{}`, which can't be read here", String::from_utf8_lossy(other))),
        None => Err("the value doesn't say how it is encoded".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_come_back() {
        let values = [json!({"b": 1, "a": [null, "x"]}), json!(null)];
        let payloads = encode(&values);
        assert_eq!(decode_all(Some(&payloads)), values);
        assert_eq!(decode(Some(&payloads)), Ok(json!({"b": 1, "a": [null, "x"]})));
        assert_eq!(decode(None), Ok(Value::Null));
    }

    #[test]
    fn what_we_cant_read_says_why() {
        let encrypted = Payload { metadata: [(ENCODING.to_owned(), b"binary/encrypted".to_vec())].into(), ..Default::default() };
        let problem = decode(Some(&Payloads { payloads: vec![encrypted] })).unwrap_err();
        assert!(problem.contains("binary/encrypted"), "{problem}");
    }
}
