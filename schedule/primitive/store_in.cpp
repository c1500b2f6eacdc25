#include "store_in.h"

#include "lathe/ir/any_body.h"
#include "lathe/ir/layout.h"

#include "../src/relocate.h"

#include <algorithm>
#include <bit>

namespace lathe::schedule {

namespace {

constexpr int64_t max_stack_bytes = 256 * 1024;
constexpr int64_t max_register_bytes = 16 * 1024;
constexpr int64_t max_frame_bytes = 960 * 1024; ///< of tensors that live at the same time

bool in_frame(const MemorySpace& space) {
    return space == MemorySpace::stack() || space == MemorySpace::registers();
}

/// Stack and registers need a constant and small size.
void check_size(const Edit& e, const Tensor& t) {
    int64_t bytes = (t.type.width() + 7) / 8;
    int64_t most = t.space == MemorySpace::stack() ? max_stack_bytes : max_register_bytes;
    for (const StoredDim& d : layout(t).dims) {
        auto extent = as_int(d.room);
        if (!extent)
            e.refuse("the extent {} of {}, in {} memory, is not constant. Compute it inside a tile of "
                     "constant size",
                     print(d.room), t.symbol.name(), t.space.name());
        if (__builtin_mul_overflow(bytes, *extent, &bytes)) bytes = most + 1;
    }
    if (bytes > most)
        e.refuse(
            "{} takes more than {} bytes. Compute a smaller part of it at a time, or keep it on the heap",
            t.symbol.name(), most);
}

/// What the tensors in stack and register memory take at most at one time. \pre each has a constant and small
/// size.
int64_t frame_bytes(const Stmt& s) {
    if (!s.defined()) return 0;
    int64_t most = 0;
    any_body(s, [&](const Stmt& c) {
        most = std::max(most, frame_bytes(c));
        return false;
    });
    const Allocate* a = s.as<Allocate>();
    for (size_t n = 0; a && n < a->tensors.size(); ++n) {
        const Tensor& t = a->tensors[n];
        if (!in_frame(t.space)) continue;
        auto bytes = static_cast<int64_t>(std::bit_ceil(static_cast<uint64_t>(t.type.width() + 7) / 8));
        for (const StoredDim& d : layout(t).dims)
            bytes *= std::max<int64_t>(*as_int(d.room), 0);
        most += bytes;
    }
    return most;
}

/// What a CPU has, and what only an FPGA has.
constexpr std::string_view spaces[] = {"heap", "stack", "register", "bram", "uram", "lutram"};
constexpr WordOperand words[] = {{"memory", spaces}};

bool is_known(const MemorySpace& space) {
    if (std::ranges::find(spaces, space.name()) != std::end(spaces)) return true;
    const std::string_view number =
        std::string_view(space.name()).substr(std::min<size_t>(space.name().size(), 3));
    return space.beside() && !number.empty() && number.size() <= 3 &&
           std::ranges::all_of(number, [](char c) { return c >= '0' && c <= '9'; });
}

/// The bank that an argument of the Module lies in.
bool put_beside(Edit& e, const MemorySpace& space) {
    for (Argument& a : e.top().arguments) {
        if (a.tensor.symbol != e.step().func) continue;
        if (&e.function() != &e.state().module.top())
            e.refuse("{} is an argument of {}, which is called: the bank is that of what it is given",
                     a.tensor.symbol.name(), e.function().name);
        a.tensor.space = space;
        return true;
    }
    return false;
}

void run(Edit& e) {
    const MemorySpace space(e.step().words[0]);
    const std::string& name = e.step().func.name();
    if (!is_known(space))
        e.refuse("the CPU has heap, stack and register memory, and no {}; an FPGA has bram, uram and lutram, "
                 "and banks beside it, as hbm0 and ddr1",
                 space.name());
    if (space.beside()) {
        if (!put_beside(e, space))
            e.refuse("{} lies beside the FPGA, where the arguments of its kernel are, and {} is none",
                     space.name(), name);
        return;
    }
    std::vector<Symbol> all;
    for (const Symbol& own : own_tensors(e.state(), e.step().func))
        for (const Symbol& s : e.images(own))
            all.push_back(s);
    bool found = false;
    const auto one = [&](Tensor& t) {
        if (std::ranges::find(all, t.symbol) == all.end()) return false;
        t.space = space;
        return found = true;
    };
    for (Tensor& t : e.top().constants)
        one(t);
    Stmt body =
        transform(e.body(), [&](const Stmt& s) { return s.as<Allocate>() ? with_tensors(s, one) : s; });
    if (!found) e.refuse("{} is an argument, or was inlined: it has no memory of its own", name);
    if (in_frame(space)) e.frames();
    e.set_body(std::move(body));
}

} // namespace

constinit const Primitive primitives::store_in{
    .name = "store_in",
    .text = "the memory that a tensor lives in",
    .run = run,
    .acts_on = ActsOn::tensor,
    .named = Named::kept,
    .of_place = false,
    .words = words,
};

bool in_frame(const Stmt& s) {
    bool found = false;
    const auto framed = [](const Tensor& t) { return in_frame(t.space); };
    for_each_stmt(s, [&](const Stmt& x) {
        const Allocate* a = x.as<Allocate>();
        found |= a && std::ranges::any_of(a->tensors, framed);
    });
    return found;
}

void check_storage(const Edit& e) {
    if (!e.state().framed) return;
    for_each_stmt(e.body(), [&](const Stmt& s) {
        const Allocate* a = s.as<Allocate>();
        for (size_t n = 0; a && n < a->tensors.size(); ++n)
            if (in_frame(a->tensors[n].space)) check_size(e, a->tensors[n]);
    });
    if (frame_bytes(e.body()) > max_frame_bytes)
        e.refuse(
            "the tensors in stack and register memory would take more than {} bytes at one time. Keep one "
            "of them on the heap",
            max_frame_bytes);
}

} // namespace lathe::schedule
