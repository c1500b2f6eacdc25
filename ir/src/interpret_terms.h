#pragma once
/// \file Terms of the checking interpreter: a value, and a hash of what made it. Operations are
/// uninterpreted, so that a wrong order shows where the numbers agree by chance. What a schedule may do to a
/// value without changing it does not show: terms of no load hash by their value, exact operations have no
/// types, conversions that keep the value are transparent, a reduction that commutes is a multiset.

#include "lathe/ir/expr.h"

namespace lathe::ir::interpreter {

/// The repetitions of a reduction that commutes, in any order.
struct Multiset {
    uint64_t kind = 0;  ///< operator and type; 0: the term is none
    uint64_t base = 0;  ///< hash of what the reduction began with
    uint64_t total = 0; ///< over the values' hashes
    bool from_identity = false;
};

struct Term {
    Value value;
    uint64_t hash = 0;
    bool load_free = false; ///< it depends on no input's element, and hashes by its value
    Multiset sum;

    static Term of(Value v);
};

uint64_t hash_of(std::initializer_list<uint64_t> parts);
uint64_t hash_of(const std::string& text);
/// Of an element that the caller gave.
uint64_t input_hash(size_t argument, size_t element);
/// Of an element that an extern function wrote, from the hash of all that it was given.
uint64_t extern_hash(uint64_t call, size_t argument, size_t element);

// The operations of value.h on terms. `type` is the node's.
Term unary_term(UnaryOp op, const Term& a);
Term binary_term(BinaryOp op, Type type, const Term& a, const Term& b);
Term cast_term(Type to, const Term& a);
Term bitcast_term(Type to, const Term& a);
Term slice_term(const Term& a, int hi, int lo);
Term fma_term(const Term& a, const Term& b, const Term& c);
Term call_term(const Call& n, const std::vector<Term>& arguments);
/// An untyped literal beside an operand of type `other`, as in typed_beside.
Term term_beside(const Term& x, Type other);
/// old op x in an element of type `type`, where repetitions commute.
Term commuting_term(BinaryOp op, Type type, const Term& old, const Term& x);

} // namespace lathe::ir::interpreter
