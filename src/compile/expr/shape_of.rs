//! Shapes of the types that users and packages write. Depends on the parser's tree and `shape`.
//! Trees come from `parse`, which bounds their depth.

use super::print;
use super::shape::{Declared, Field, Function, FunctionParam, Shape, override_fields, union};
use oxc::ast::ast::{
    BindingPattern, FormalParameters, PropertyKey, TSInterfaceDeclaration, TSSignature, TSTupleElement, TSType, TSTypeAliasDeclaration,
    TSTypeAnnotation, TSTypeName, TSTypeOperatorOperator, TSTypeParameterDeclaration, TSTypeParameterInstantiation, TSTypeReference,
};

/// The structure of `ty`, as far as it shows without following names.
pub(super) fn shape_of(ty: &TSType<'_>) -> Shape {
    match ty {
        TSType::TSBigIntKeyword(_) => primitive("bigint"),
        TSType::TSBooleanKeyword(_) => primitive("boolean"),
        TSType::TSNeverKeyword(_) => primitive("never"),
        TSType::TSNullKeyword(_) => primitive("null"),
        TSType::TSNumberKeyword(_) => primitive("number"),
        TSType::TSObjectKeyword(_) => primitive("object"),
        TSType::TSStringKeyword(_) | TSType::TSTemplateLiteralType(_) => primitive("string"),
        TSType::TSSymbolKeyword(_) => primitive("symbol"),
        TSType::TSUndefinedKeyword(_) => primitive("undefined"),
        TSType::TSVoidKeyword(_) => primitive("void"),
        TSType::TSArrayType(array) => Shape::Array(Box::new(shape_of(&array.element_type))),
        TSType::TSTupleType(tuple) => self::tuple(&tuple.element_types),
        TSType::TSUnionType(members) => union(members.types.iter().map(shape_of).collect()),
        TSType::TSIntersectionType(members) => intersection(&members.types),
        TSType::TSLiteralType(_) => Shape::Primitive(print::ty(ty)),
        TSType::TSParenthesizedType(inner) => shape_of(&inner.type_annotation),
        TSType::TSTypeOperatorType(operator) if operator.operator == TSTypeOperatorOperator::Readonly => {
            shape_of(&operator.type_annotation)
        }
        TSType::TSTypeLiteral(literal) => members(&literal.members),
        TSType::TSTypeReference(reference) => self::reference(reference),
        TSType::TSFunctionType(_) => Shape::Function,
        TSType::TSTypePredicate(_) => primitive("boolean"),
        _ => Shape::Unknown,
    }
}

fn primitive(name: &str) -> Shape {
    Shape::Primitive(name.to_owned())
}

fn tuple(elements: &[TSTupleElement<'_>]) -> Shape {
    let mut shapes = Vec::new();
    let mut open = false;
    for element in elements {
        let (shape, rest) = tuple_element(element);
        open |= rest;
        shapes.push(shape);
    }
    if open { Shape::Array(Box::new(union(shapes))) } else { Shape::Tuple(shapes) }
}

fn tuple_element(element: &TSTupleElement<'_>) -> (Shape, bool) {
    match element {
        TSTupleElement::TSOptionalType(inner) => (union(vec![shape_of(&inner.type_annotation), primitive("undefined")]), false),
        TSTupleElement::TSRestType(inner) => match shape_of(&inner.type_annotation) {
            Shape::Array(element) => (*element, true),
            _ => (Shape::Unknown, true),
        },
        TSTupleElement::TSNamedTupleMember(member) => match tuple_element(&member.element_type) {
            (shape, rest) if member.optional => (union(vec![shape, primitive("undefined")]), rest),
            other => other,
        },
        _ => (element.as_ts_type().map_or(Shape::Unknown, shape_of), false),
    }
}

/// The fields of all, where all are objects that are written out.
fn intersection(types: &[TSType<'_>]) -> Shape {
    let mut fields = Vec::new();
    for ty in types {
        match shape_of(ty) {
            Shape::Object(more) => override_fields(&mut fields, more),
            _ => return Shape::Unknown,
        }
    }
    Shape::Object(fields)
}

fn reference(reference: &TSTypeReference<'_>) -> Shape {
    let name = type_name(&reference.type_name);
    let mut args = arguments(reference.type_arguments.as_deref());
    let mut arg = || Box::new(if args.is_empty() { Shape::Unknown } else { args.remove(0) });
    match name.as_str() {
        "Array" | "ReadonlyArray" => Shape::Array(arg()),
        "Map" | "ReadonlyMap" => Shape::Map(arg(), arg()),
        "Set" | "ReadonlySet" => Shape::Set(arg()),
        "Promise" | "PromiseLike" => Shape::Promise(arg()),
        _ => Shape::Named(name, args),
    }
}

fn arguments(arguments: Option<&TSTypeParameterInstantiation<'_>>) -> Vec<Shape> {
    arguments.map(|arguments| arguments.params.iter().map(shape_of).collect()).unwrap_or_default()
}

fn type_name(name: &TSTypeName<'_>) -> String {
    match name {
        TSTypeName::IdentifierReference(name) => name.name.to_string(),
        TSTypeName::QualifiedName(qualified) => format!("{}.{}", type_name(&qualified.left), qualified.right.name),
        TSTypeName::ThisExpression(_) => "this".to_owned(),
    }
}

/// The structure of an object type's or interface's members.
fn members(members: &[TSSignature<'_>]) -> Shape {
    let mut fields = Vec::new();
    let mut index = None;
    for member in members {
        match member {
            TSSignature::TSPropertySignature(property) => {
                if let Some(name) = key(&property.key, property.computed) {
                    let shape = annotated(property.type_annotation.as_deref());
                    fields.push(Field { name, optional: property.optional, shape });
                }
            }
            TSSignature::TSMethodSignature(method) => {
                if let Some(name) = key(&method.key, method.computed) {
                    fields.push(Field { name, optional: method.optional, shape: Shape::Function });
                }
            }
            TSSignature::TSIndexSignature(signature) => {
                let key = shape_of(&signature.parameter.type_annotation.type_annotation);
                index = Some(Shape::Named("Record".into(), vec![key, shape_of(&signature.type_annotation.type_annotation)]));
            }
            TSSignature::TSCallSignatureDeclaration(_) | TSSignature::TSConstructSignatureDeclaration(_) => {
                return Shape::Function;
            }
        }
    }
    match index {
        Some(record) if fields.is_empty() => record,
        _ => Shape::Object(fields),
    }
}

fn key(key: &PropertyKey<'_>, computed: bool) -> Option<String> {
    match key {
        PropertyKey::StaticIdentifier(name) if !computed => Some(name.name.to_string()),
        PropertyKey::StringLiteral(text) => Some(text.value.to_string()),
        PropertyKey::NumericLiteral(number) => Some(number.value.to_string()),
        _ => None,
    }
}

/// The structure of an annotation's type; unknown where there is none.
pub(super) fn annotated(annotation: Option<&TSTypeAnnotation<'_>>) -> Shape {
    annotation.map_or(Shape::Unknown, |annotation| shape_of(&annotation.type_annotation))
}

fn type_parameters(declaration: Option<&TSTypeParameterDeclaration<'_>>) -> Vec<String> {
    declaration.map(|declared| declared.params.iter().map(|param| param.name.name.to_string()).collect()).unwrap_or_default()
}

/// The declaration of an interface.
pub(super) fn interface(declaration: &TSInterfaceDeclaration<'_>) -> Declared {
    let extends = declaration.extends.iter();
    let extends = extends.map(|base| Shape::Named(type_name(&base.type_name), arguments(base.type_arguments.as_deref())));
    Declared {
        params: type_parameters(declaration.type_parameters.as_deref()),
        extends: extends.collect(),
        shape: members(&declaration.body.body),
    }
}

/// The declaration of a type's name; an intersection is what it intersects.
pub(super) fn alias(declaration: &TSTypeAliasDeclaration<'_>) -> Declared {
    let params = type_parameters(declaration.type_parameters.as_deref());
    let mut ty = &declaration.type_annotation;
    while let TSType::TSParenthesizedType(inner) = ty {
        ty = &inner.type_annotation;
    }
    match ty {
        TSType::TSIntersectionType(members) => {
            let extends = members.types.iter().map(shape_of).collect();
            Declared { params, extends, shape: Shape::Object(Vec::new()) }
        }
        _ => Declared { params, extends: Vec::new(), shape: shape_of(ty) },
    }
}

/// A function of the name `name`.
pub(super) fn function(name: &str, params: &FormalParameters<'_>, ret: Option<&TSTypeAnnotation<'_>>) -> Function {
    let mut converted: Vec<_> = params
        .items
        .iter()
        .map(|param| FunctionParam {
            name: bound(&param.pattern),
            optional: param.optional || param.initializer.is_some(),
            shape: annotated(param.type_annotation.as_deref()),
        })
        .collect();
    if let Some(rest) = &params.rest {
        let shape = annotated(rest.type_annotation.as_deref());
        converted.push(FunctionParam { name: bound(&rest.rest.argument), optional: true, shape });
    }
    Function { name: name.to_owned(), params: converted, ret: annotated(ret) }
}

fn bound(pattern: &BindingPattern<'_>) -> String {
    match pattern {
        BindingPattern::BindingIdentifier(name) => name.name.to_string(),
        _ => String::new(),
    }
}

/// The function that a function type describes, if `ty` is one.
pub(super) fn function_type(name: &str, ty: &TSType<'_>) -> Option<Function> {
    match ty {
        TSType::TSFunctionType(described) => Some(function(name, &described.params, Some(&described.return_type))),
        TSType::TSParenthesizedType(inner) => function_type(name, &inner.type_annotation),
        _ => None,
    }
}
