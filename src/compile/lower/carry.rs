//! What continue-as-new carries: JSON has no Map, Set or Date, so they are made lists and texts, and made again on the other side.
//! The code follows the state's type; where nothing needs it, the state itself is carried.

use super::Lower;
use crate::compile::expr::{Field, Shape, Shapes, to_type};
use crate::compile::ts::build::{arrow, ident, named, new, param, spread};
use crate::compile::ts::{Expr, ExprKind, Item, Param, Pattern, Prop, Type};

/// How a value of some type is carried.
struct Codec {
    encode: Box<dyn Fn(Expr) -> Expr>,
    decode: Box<dyn Fn(Expr) -> Expr>,
    ty: Type,
}

/// What is carried of the state.
pub(super) struct Carry {
    /// The fields that have a form of their own, and its type.
    pub fields: Vec<(String, bool, Type)>,
    /// The carried form of `state`.
    pub encode: Expr,
    /// The state that `carried` holds.
    pub decode: Expr,
}

impl Carry {
    /// The type of what is carried, where that of the state is `state`.
    pub fn ty(&self, state: &Type) -> Type {
        if self.fields.is_empty() {
            return state.clone();
        }
        let omitted = self.fields.iter().map(|(name, ..)| Type::Literal(name.clone())).collect();
        let rest = Type::Named("Omit".into(), vec![state.clone(), Type::Union(omitted)]);
        Type::Intersection(vec![rest, Type::Object(self.fields.clone())])
    }
}

impl Lower<'_> {
    /// How the state is carried.
    pub(super) fn carry(&self) -> Carry {
        self.carry_of(self.env.state.as_ref())
    }

    /// How a state of that shape is carried; a variable `state` is what is carried, a variable `carried` what arrives.
    pub(super) fn carry_of(&self, shape: Option<&Shape>) -> Carry {
        let (state, carried) = (ident("state"), ident("carried"));
        let fields = shape.map(|shape| self.shapes.resolve(shape));
        let Some(Shape::Object(fields)) = fields else { return Carry { fields: Vec::new(), encode: state, decode: carried } };
        let codecs: Vec<(Field, Codec)> =
            fields.into_iter().filter_map(|field| Some((field.clone(), field_codec(&field, &self.shapes, 0)?))).collect();
        if codecs.is_empty() {
            return Carry { fields: Vec::new(), encode: state, decode: carried };
        }
        let object = |from: &str, convert: &dyn Fn(&Codec, Expr) -> Expr| {
            let converted =
                codecs.iter().map(|(field, codec)| Prop::KeyValue(field.name.clone(), convert(codec, ident(from).member(&field.name))));
            Expr::new(ExprKind::Object([Prop::Spread(ident(from))].into_iter().chain(converted).collect()))
        };
        Carry {
            encode: object("state", &|codec, value| (codec.encode)(value)),
            decode: object("carried", &|codec, value| (codec.decode)(value)),
            fields: codecs.iter().map(|(field, codec)| (field.name.clone(), field.optional, codec.ty.clone())).collect(),
        }
    }
}

fn field_codec(field: &Field, shapes: &Shapes, depth: usize) -> Option<Codec> {
    let codec = codec(&field.shape, shapes, depth)?;
    Some(if field.optional { unless_absent(codec) } else { codec })
}

fn unless_absent(codec: Codec) -> Codec {
    let Codec { encode, decode, ty } = codec;
    let unless = |convert: Box<dyn Fn(Expr) -> Expr>| -> Box<dyn Fn(Expr) -> Expr> {
        Box::new(move |value| {
            let absent = value.clone().binary("==", Expr::new(ExprKind::Null));
            Expr::new(ExprKind::Conditional(Box::new(absent), Box::new(value.clone()), Box::new(convert(value))))
        })
    };
    Codec { encode: unless(encode), decode: unless(decode), ty }
}

/// How values of `shape` are carried; `None` where JSON carries them as they are.
fn codec(shape: &Shape, shapes: &Shapes, depth: usize) -> Option<Codec> {
    // A type that holds itself ends here: such values are trees of JSON.
    const DEEPEST: usize = 8;
    if depth > DEEPEST {
        return None;
    }
    let inner = |shape: &Shape| codec(shape, shapes, depth + 1);
    match shapes.resolve(shape) {
        Shape::Named(name, _) if name == "Date" => Some(Codec {
            encode: Box::new(|value| value.method("toISOString", Vec::new())),
            decode: Box::new(|value| new("Date", vec![value])),
            ty: named("string"),
        }),
        Shape::Map(key, value) => Some(map_codec(&key, &value, inner(&value))),
        Shape::Set(element) => Some(set_codec(&element, inner(&element))),
        Shape::Array(element) => {
            let Codec { encode, decode, ty } = inner(&element)?;
            let each = |convert: Box<dyn Fn(Expr) -> Expr>| -> Box<dyn Fn(Expr) -> Expr> {
                Box::new(move |value| value.method("map", vec![arrow(vec![param("each")], convert(ident("each")))]))
            };
            Some(Codec { encode: each(encode), decode: each(decode), ty: Type::Array(Box::new(ty)) })
        }
        Shape::Object(fields) => object_codec(&fields, shapes, depth),
        Shape::Union(options) => {
            let absent = |shape: &Shape| matches!(shape, Shape::Primitive(name) if name == "undefined" || name == "null");
            let (none, some): (Vec<&Shape>, Vec<&Shape>) = options.iter().partition(|shape| absent(shape));
            let [only] = some.as_slice() else { return None };
            let codec = unless_absent(inner(only)?);
            let ty = Type::Union([codec.ty.clone()].into_iter().chain(none.into_iter().map(to_type)).collect());
            Some(Codec { ty, ..codec })
        }
        _ => None,
    }
}

fn list_of(value: Expr) -> Expr {
    Expr::new(ExprKind::Array(vec![spread(value)]))
}

fn map_codec(key: &Shape, value: &Shape, inner: Option<Codec>) -> Codec {
    let Some(Codec { encode, decode, ty }) = inner else {
        let ty = Type::Array(Box::new(Type::Tuple(vec![to_type(key), to_type(value)])));
        return Codec { encode: Box::new(list_of), decode: Box::new(|value| new("Map", vec![value])), ty };
    };
    let pair = Type::Tuple(vec![to_type(key), ty]);
    let entries = |from: Expr, convert: &dyn Fn(Expr) -> Expr, of: Type| {
        let pattern = Pattern::Array(vec![Some(Pattern::Ident("key".into())), Some(Pattern::Ident("value".into()))]);
        let entry = Expr::new(ExprKind::Array(vec![Item::from(ident("key")), Item::from(convert(ident("value")))]));
        let body = Expr::new(ExprKind::As(Box::new(entry), of));
        from.method("map", vec![arrow(vec![Param { pattern, ty: None, optional: false }], body)])
    };
    let (carried, original) = (pair.clone(), Type::Tuple(vec![to_type(key), to_type(value)]));
    Codec {
        encode: Box::new(move |value| entries(list_of(value), &encode, carried.clone())),
        decode: Box::new(move |value| new("Map", vec![entries(value, &decode, original.clone())])),
        ty: Type::Array(Box::new(pair)),
    }
}

fn set_codec(element: &Shape, inner: Option<Codec>) -> Codec {
    let Some(Codec { encode, decode, ty }) = inner else {
        let ty = Type::Array(Box::new(to_type(element)));
        return Codec { encode: Box::new(list_of), decode: Box::new(|value| new("Set", vec![value])), ty };
    };
    Codec {
        encode: Box::new(move |value| list_of(value).method("map", vec![arrow(vec![param("each")], encode(ident("each")))])),
        decode: Box::new(move |value| new("Set", vec![value.method("map", vec![arrow(vec![param("each")], decode(ident("each")))])])),
        ty: Type::Array(Box::new(ty)),
    }
}

fn object_codec(fields: &[Field], shapes: &Shapes, depth: usize) -> Option<Codec> {
    let codecs: Vec<(String, std::rc::Rc<Codec>)> =
        fields.iter().filter_map(|field| Some((field.name.clone(), std::rc::Rc::new(field_codec(field, shapes, depth + 1)?)))).collect();
    if codecs.is_empty() {
        return None;
    }
    let types = fields.iter().map(|field| {
        let carried = codecs.iter().find(|(name, _)| *name == field.name).map(|(_, codec)| codec.ty.clone());
        (field.name.clone(), field.optional, carried.unwrap_or_else(|| to_type(&field.shape)))
    });
    let ty = Type::Object(types.collect());
    let with = move |value: Expr, convert: &dyn Fn(&Codec, Expr) -> Expr, codecs: &[(String, std::rc::Rc<Codec>)]| {
        let converted = codecs.iter().map(|(name, codec)| Prop::KeyValue(name.clone(), convert(codec, value.clone().member(name))));
        Expr::new(ExprKind::Object([Prop::Spread(value.clone())].into_iter().chain(converted).collect()))
    };
    let (for_encode, for_decode) = (codecs.clone(), codecs);
    Some(Codec {
        encode: Box::new(move |value| with(value, &|codec, value| (codec.encode)(value), &for_encode)),
        decode: Box::new(move |value| with(value, &|codec, value| (codec.decode)(value), &for_decode)),
        ty,
    })
}
