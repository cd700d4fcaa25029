//! The shape of an expression, as far as its literals, member chains and well-known methods tell.
//! Depends on `ts` and `shape`; what it doesn't know is `Unknown`, and left to the type-checker.

use super::super::ts::{ArrowBody, Expr, ExprKind, Item, Param, Pattern, Prop, Type};
use super::shape::{Field, Shape, Shapes, literal, override_fields, present, union};
use super::types;

/// The shape of `expr`. `roots` gives the shapes of the names that it begins with, as they are printed.
pub fn infer(expr: &Expr, roots: &dyn Fn(&str) -> Option<Shape>, shapes: &Shapes) -> Shape {
    Infer { roots, shapes, locals: Vec::new() }.expr(expr)
}

struct Infer<'i> {
    roots: &'i dyn Fn(&str) -> Option<Shape>,
    shapes: &'i Shapes,
    locals: Vec<(String, Shape)>,
}

impl Infer<'_> {
    fn expr(&mut self, expr: &Expr) -> Shape {
        match &expr.kind {
            ExprKind::Ident(name) => self.name(name),
            ExprKind::Str(_) | ExprKind::Template { .. } => primitive("string"),
            ExprKind::Num(_) => primitive("number"),
            ExprKind::Bool(_) => primitive("boolean"),
            ExprKind::Null => primitive("null"),
            ExprKind::Regex(..) => Shape::Named("RegExp".into(), Vec::new()),
            ExprKind::Array(items) => self.array(items),
            ExprKind::Object(props) => self.object(props),
            ExprKind::Member { object, property, optional } => {
                let object = self.expr(object);
                maybe(self.member(&object, property), *optional)
            }
            ExprKind::Index { object, index, optional } => {
                let object = self.expr(object);
                maybe(self.index(&object, index), *optional)
            }
            ExprKind::Call { callee, args, .. } => self.call(callee, args),
            ExprKind::New { callee, types, args } => self.construct(callee, types, args),
            ExprKind::Unary(operator, _) => unary(operator),
            ExprKind::Binary(left, operator, right) => self.binary(left, operator, right),
            ExprKind::Conditional(_, then, other) => {
                let then = self.expr(then);
                union(vec![then, self.expr(other)])
            }
            ExprKind::Assign(_, _, value) => self.expr(value),
            ExprKind::Arrow { .. } => Shape::Function,
            ExprKind::Await(inner) => super::shape::awaited(self.expr(inner)),
            ExprKind::As(inner, Type::Named(name, _)) if name == "const" => self.constant(inner),
            ExprKind::As(inner, Type::User(text, _)) if text == "const" => self.constant(inner),
            ExprKind::As(_, ty) => shape_of_type(ty),
            ExprKind::Satisfies(inner, _) => self.expr(inner),
            ExprKind::NonNull(inner) => present(self.expr(inner)),
        }
    }

    fn name(&self, name: &str) -> Shape {
        if let Some((_, shape)) = self.locals.iter().rev().find(|(local, _)| local == name) {
            return shape.clone();
        }
        match name {
            "undefined" => primitive("undefined"),
            "NaN" | "Infinity" => primitive("number"),
            _ => (self.roots)(name).unwrap_or(Shape::Unknown),
        }
    }

    /// The shape of `inner as const`.
    fn constant(&mut self, inner: &Expr) -> Shape {
        match &inner.kind {
            ExprKind::Str(text) => literal(text),
            ExprKind::Num(text) => Shape::Primitive(text.clone()),
            ExprKind::Bool(value) => Shape::Primitive(value.to_string()),
            _ => self.expr(inner),
        }
    }

    fn array(&mut self, items: &[Item]) -> Shape {
        let mut elements = Vec::new();
        for item in items {
            let shape = self.expr(&item.expr);
            elements.push(if item.spread { self.shapes.element(&shape).unwrap_or(Shape::Unknown) } else { shape });
        }
        Shape::Array(Box::new(union(elements)))
    }

    fn object(&mut self, props: &[Prop]) -> Shape {
        let mut fields = Vec::new();
        for prop in props {
            match prop {
                Prop::KeyValue(name, value) => {
                    let shape = self.expr(value);
                    override_fields(&mut fields, vec![Field { name: name.clone(), optional: false, shape }]);
                }
                Prop::Spread(value) => {
                    let shape = self.expr(value);
                    match self.shapes.fields(&shape) {
                        Some(more) => override_fields(&mut fields, more),
                        None => return Shape::Unknown,
                    }
                }
                Prop::Computed(_, value) if props.len() == 1 => {
                    return Shape::Named("Record".into(), vec![primitive("string"), self.expr(value)]);
                }
                Prop::Computed(..) => return Shape::Unknown,
            }
        }
        Shape::Object(fields)
    }

    fn member(&self, object: &Shape, property: &str) -> Shape {
        match (present(self.shapes.resolve(object)), property) {
            (Shape::Array(_) | Shape::Tuple(_), "length") | (Shape::Map(..) | Shape::Set(_), "size") => primitive("number"),
            (shape, "length") if is_string(&shape) => primitive("number"),
            (Shape::Named(error, _), "message" | "name" | "stack") if error == "Error" => primitive("string"),
            _ => self.shapes.field(object, property).unwrap_or(Shape::Unknown),
        }
    }

    fn index(&self, object: &Shape, index: &Expr) -> Shape {
        match (present(self.shapes.resolve(object)), &index.kind) {
            (Shape::Tuple(elements), ExprKind::Num(at)) => {
                at.parse::<usize>().ok().and_then(|at| elements.get(at).cloned()).unwrap_or(Shape::Unknown)
            }
            (Shape::Object(_), ExprKind::Str(name)) => self.shapes.field(object, name).unwrap_or(Shape::Unknown),
            (Shape::Array(_) | Shape::Tuple(_), _) => self.shapes.element(object).unwrap_or(Shape::Unknown),
            (Shape::Named(record, args), _) if record == "Record" => args.into_iter().nth(1).unwrap_or(Shape::Unknown),
            (shape, _) if is_string(&shape) => primitive("string"),
            _ => Shape::Unknown,
        }
    }

    fn construct(&mut self, callee: &Expr, types: &[Type], args: &[Item]) -> Shape {
        let ExprKind::Ident(name) = &callee.kind else { return Shape::Unknown };
        let given = |at: usize| types.get(at).map(shape_of_type);
        let entries = args.first().map(|entries| self.expr(&entries.expr));
        let element = entries.and_then(|entries| self.shapes.element(&entries));
        match name.as_str() {
            "Set" => Shape::Set(Box::new(given(0).or(element).unwrap_or(Shape::Unknown))),
            "Map" => {
                let part = |at: usize| match &element {
                    Some(Shape::Tuple(entry)) => entry.get(at).cloned(),
                    Some(Shape::Array(both)) => Some((**both).clone()),
                    _ => None,
                };
                let key = given(0).or_else(|| part(0)).unwrap_or(Shape::Unknown);
                Shape::Map(Box::new(key), Box::new(given(1).or_else(|| part(1)).unwrap_or(Shape::Unknown)))
            }
            "Array" => Shape::Array(Box::new(given(0).unwrap_or(Shape::Unknown))),
            "Date" | "RegExp" | "Error" => Shape::Named(name.clone(), Vec::new()),
            _ => Shape::Unknown,
        }
    }

    fn binary(&mut self, left: &Expr, operator: &str, right: &Expr) -> Shape {
        match operator {
            "+" => {
                let (left, right) = (self.expr(left), self.expr(right));
                if is_string(&left) || is_string(&right) {
                    primitive("string")
                } else if is_number(&left) && is_number(&right) {
                    primitive("number")
                } else {
                    Shape::Unknown
                }
            }
            "-" | "*" | "/" | "%" | "**" | "&" | "|" | "^" | "<<" | ">>" | ">>>" => primitive("number"),
            "&&" => self.expr(right),
            "||" | "??" => {
                let left = present(self.expr(left));
                union(vec![left, self.expr(right)])
            }
            _ => primitive("boolean"),
        }
    }

    fn call(&mut self, callee: &Expr, args: &[Item]) -> Shape {
        match &callee.kind {
            ExprKind::Ident(name) => match name.as_str() {
                "String" | "uuid4" | "encodeURIComponent" | "decodeURIComponent" => primitive("string"),
                "Number" | "parseInt" | "parseFloat" => primitive("number"),
                "Boolean" | "isNaN" | "isFinite" => primitive("boolean"),
                "structuredClone" => args.first().map_or(Shape::Unknown, |arg| self.expr(&arg.expr)),
                _ => Shape::Unknown,
            },
            ExprKind::Member { object, property, optional } => match &object.kind {
                ExprKind::Ident(global) if self.is_global(global) => self.static_call(global, property, args),
                _ => {
                    let object = self.expr(object);
                    let resolved = present(self.shapes.resolve(&object));
                    maybe(self.method(&resolved, property, args), *optional)
                }
            },
            _ => Shape::Unknown,
        }
    }

    fn is_global(&self, name: &str) -> bool {
        super::names::is_global(name) && !self.locals.iter().any(|(local, _)| local == name) && (self.roots)(name).is_none()
    }

    /// A function of a global, such as `Object.keys`.
    fn static_call(&mut self, global: &str, function: &str, args: &[Item]) -> Shape {
        let first = args.first().map_or(Shape::Unknown, |arg| self.expr(&arg.expr));
        let array = |shape| Shape::Array(Box::new(shape));
        match (global, function) {
            ("Math" | "Date", _) => primitive("number"),
            ("JSON", "stringify") => primitive("string"),
            ("Array" | "Number", name) if name.starts_with("is") => primitive("boolean"),
            ("Object", "keys") => array(primitive("string")),
            ("Object", "values") => array(self.values(&first)),
            ("Object", "entries") => array(Shape::Tuple(vec![primitive("string"), self.values(&first)])),
            ("Array", "from") => {
                let element = self.shapes.element(&first).unwrap_or(Shape::Unknown);
                let mapped = args.get(1).map(|arg| self.result(&arg.expr, vec![element.clone(), primitive("number")]));
                array(mapped.unwrap_or(element))
            }
            ("Array", "of") => self.array(args),
            _ => Shape::Unknown,
        }
    }

    /// The values of an object.
    fn values(&self, object: &Shape) -> Shape {
        match present(self.shapes.resolve(object)) {
            Shape::Object(fields) => union(fields.into_iter().map(|field| field.shape).collect()),
            Shape::Named(record, args) if record == "Record" => args.into_iter().nth(1).unwrap_or(Shape::Unknown),
            _ => Shape::Unknown,
        }
    }

    /// A method of a value.
    fn method(&mut self, object: &Shape, method: &str, args: &[Item]) -> Shape {
        match object {
            Shape::Array(element) => self.array_method(element, method, args),
            Shape::Tuple(elements) => self.array_method(&union(elements.clone()), method, args),
            Shape::Map(key, value) => match method {
                "get" => union(vec![(**value).clone(), primitive("undefined")]),
                "has" | "delete" => primitive("boolean"),
                "keys" => Shape::Array(key.clone()),
                "values" => Shape::Array(value.clone()),
                "entries" => Shape::Array(Box::new(Shape::Tuple(vec![(**key).clone(), (**value).clone()]))),
                "set" => object.clone(),
                _ => Shape::Unknown,
            },
            Shape::Set(element) => match method {
                "has" | "delete" => primitive("boolean"),
                "keys" | "values" => Shape::Array(element.clone()),
                "add" => object.clone(),
                _ => Shape::Unknown,
            },
            shape if is_string(shape) => string_method(method),
            shape if is_number(shape) => primitive("string"),
            Shape::Named(date, _) if date == "Date" && method.ends_with("String") => primitive("string"),
            Shape::Named(date, _) if date == "Date" => primitive("number"),
            _ => Shape::Unknown,
        }
    }

    fn array_method(&mut self, element: &Shape, method: &str, args: &[Item]) -> Shape {
        let array = |shape| Shape::Array(Box::new(shape));
        match method {
            "filter" | "slice" | "sort" | "reverse" | "toSorted" | "toReversed" | "splice" | "fill" => array(element.clone()),
            "concat" => {
                let more = args.iter().map(|arg| {
                    let shape = self.expr(&arg.expr);
                    self.shapes.element(&shape).unwrap_or(shape)
                });
                let mut elements: Vec<_> = more.collect();
                elements.insert(0, element.clone());
                array(union(elements))
            }
            "map" | "flatMap" => {
                let given = vec![element.clone(), primitive("number")];
                let result = args.first().map_or(Shape::Unknown, |arg| self.result(&arg.expr, given));
                match (method, self.shapes.element(&result)) {
                    ("flatMap", Some(inner)) => array(inner),
                    _ => array(result),
                }
            }
            "find" | "findLast" | "at" | "pop" | "shift" => union(vec![element.clone(), primitive("undefined")]),
            "includes" | "some" | "every" => primitive("boolean"),
            "indexOf" | "lastIndexOf" | "findIndex" | "findLastIndex" | "push" | "unshift" => primitive("number"),
            "join" => primitive("string"),
            "flat" => array(self.shapes.element(element).unwrap_or_else(|| element.clone())),
            "keys" => array(primitive("number")),
            "values" => array(element.clone()),
            "entries" => array(Shape::Tuple(vec![primitive("number"), element.clone()])),
            "reduce" => args.get(1).map_or_else(|| element.clone(), |initial| self.expr(&initial.expr)),
            _ => Shape::Unknown,
        }
    }

    /// What an arrow gives where it is given arguments of the shapes `given`.
    fn result(&mut self, arrow: &Expr, given: Vec<Shape>) -> Shape {
        let ExprKind::Arrow { params, body: ArrowBody::Expr(body), .. } = &arrow.kind else { return Shape::Unknown };
        let depth = self.locals.len();
        let mut given = given.into_iter();
        for param in params {
            let shape = given.next().unwrap_or(Shape::Unknown);
            self.bind(param, shape);
        }
        let result = self.expr(body);
        self.locals.truncate(depth);
        result
    }

    fn bind(&mut self, param: &Param, given: Shape) {
        let shape = param.ty.as_ref().map_or(given, shape_of_type);
        self.bind_pattern(&param.pattern, &shape);
    }

    fn bind_pattern(&mut self, pattern: &Pattern, shape: &Shape) {
        match pattern {
            Pattern::Ident(name) => self.locals.push((name.clone(), shape.clone())),
            Pattern::Default(inner, _) => self.bind_pattern(inner, &present(shape.clone())),
            Pattern::Rest(inner) => self.bind_pattern(inner, &Shape::Unknown),
            Pattern::Object(entries) => {
                for (key, value) in entries {
                    let field = self.shapes.field(shape, key).unwrap_or(Shape::Unknown);
                    self.bind_pattern(value, &field);
                }
            }
            Pattern::Array(elements) => {
                for (position, element) in elements.iter().enumerate() {
                    let Some(element) = element else { continue };
                    let part = match present(self.shapes.resolve(shape)) {
                        Shape::Tuple(parts) => parts.get(position).cloned(),
                        other => self.shapes.element(&other),
                    };
                    self.bind_pattern(element, &part.unwrap_or(Shape::Unknown));
                }
            }
        }
    }
}

fn primitive(name: &str) -> Shape {
    Shape::Primitive(name.to_owned())
}

/// `shape`, or `undefined` where the chain stops short.
fn maybe(shape: Shape, optional: bool) -> Shape {
    if optional && shape != Shape::Unknown { union(vec![shape, primitive("undefined")]) } else { shape }
}

fn unary(operator: &str) -> Shape {
    primitive(match operator {
        "!" => "boolean",
        "typeof" => "string",
        "void" => "undefined",
        _ => "number",
    })
}

fn string_method(method: &str) -> Shape {
    match method {
        "split" => Shape::Array(Box::new(primitive("string"))),
        "includes" | "startsWith" | "endsWith" => primitive("boolean"),
        "indexOf" | "lastIndexOf" | "charCodeAt" | "localeCompare" | "search" => primitive("number"),
        "match" | "matchAll" => Shape::Unknown,
        "at" => union(vec![primitive("string"), primitive("undefined")]),
        _ => primitive("string"),
    }
}

/// Whether every member of `shape` is a string.
fn is_string(shape: &Shape) -> bool {
    match shape {
        Shape::Primitive(name) => name == "string" || name.starts_with('\''),
        Shape::Union(members) => members.iter().all(is_string),
        _ => false,
    }
}

fn is_number(shape: &Shape) -> bool {
    match shape {
        Shape::Primitive(name) => name == "number" || name.starts_with(|first: char| first.is_ascii_digit() || first == '-'),
        Shape::Union(members) => members.iter().all(is_number),
        _ => false,
    }
}

/// The shape of a type of our tree.
fn shape_of_type(ty: &Type) -> Shape {
    match ty {
        Type::User(text, _) => types::shape_of_text(text),
        Type::Literal(text) => literal(text),
        Type::Array(element) => Shape::Array(Box::new(shape_of_type(element))),
        Type::Tuple(elements) => Shape::Tuple(elements.iter().map(shape_of_type).collect()),
        Type::Union(members) => union(members.iter().map(shape_of_type).collect()),
        Type::Object(fields) => {
            let fields = fields.iter();
            let fields = fields.map(|(name, optional, ty)| Field { name: name.clone(), optional: *optional, shape: shape_of_type(ty) });
            Shape::Object(fields.collect())
        }
        Type::Function(..) => Shape::Function,
        Type::TypeOf(_) | Type::Index(..) | Type::Intersection(_) => Shape::Unknown,
        Type::Named(name, args) => {
            let mut args: Vec<_> = args.iter().map(shape_of_type).collect();
            let mut arg = || Box::new(if args.is_empty() { Shape::Unknown } else { args.remove(0) });
            match name.as_str() {
                "unknown" | "any" => Shape::Unknown,
                "Array" | "ReadonlyArray" => Shape::Array(arg()),
                "Map" | "ReadonlyMap" => Shape::Map(arg(), arg()),
                "Set" | "ReadonlySet" => Shape::Set(arg()),
                "Promise" => Shape::Promise(arg()),
                _ if name.starts_with(|first: char| first.is_ascii_lowercase() || first.is_ascii_digit()) => primitive(name),
                _ => Shape::Named(name.clone(), args),
            }
        }
    }
}
