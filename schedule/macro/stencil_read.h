#pragma once
/// \file What a stencil's stages compute: read from the loop nests of the algorithm, with the proof that a
/// network may stand in their place.

#include "../src/edit.h"

namespace lathe::schedule::stencil {

/// Subscripts first[d] … first[d] + extent[d] − 1.
struct Box {
    std::vector<int64_t> first, extent;
    size_t rank() const { return first.size(); }
    int64_t end(size_t d) const { return first[d] + extent[d]; }
    Box hull(const Box& o) const;
};

/// What a stage reads for the point p: element p + at of another tensor that flows.
struct Window {
    size_t of; ///< into Stencil::flows
    std::vector<int64_t> at;
    Symbol token; ///< stands for the element in the value
};

/// A tensor that flows through the network: an input, or what a stage computes.
struct Flow {
    Tensor tensor;
    Box box; ///< of an input, what is read; of a stage, what it computes

    // Of a stage:
    std::vector<Symbol> point;   ///< variables of the subscripts of the point that is computed
    Expr value;                  ///< at the point, in terms of tokens, the point and scalars
    std::vector<Window> windows; ///< each once
    std::vector<Window> own;     ///< elements that it has computed itself, before the point
    bool stored = false;         ///< somebody outside reads it
    bool is_stage() const { return !point.empty(); }
};

struct Stencil {
    std::vector<Flow> flows;      ///< inputs, then stages, each behind all that it reads; each is needed
    std::vector<Stmt> stages;     ///< that the network replaces
    std::vector<Tensor> consumed; ///< nobody outside reads them: there is no such array any more
    std::vector<Tensor> kept;     ///< the other arrays of the Function
    std::vector<Stmt> before;     ///< its statements that the network does not replace …
    std::vector<Stmt> behind;     ///< … and those that read what it stores
    bool of_kernel = false;       ///< `stages` are a kernel's body
};

/// How sizes that are not constant become so: the end of a message.
std::string constant_sizes(const Edit& e);

/// What the step's Func is computed of. \param in_place stages may read what they have just stored
/// \throws Error when something in it is no stencil.
Stencil read_stencil(const Edit& e, bool in_place);

} // namespace lathe::schedule::stencil
