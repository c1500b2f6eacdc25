#include "store_in.h"

#include "lathe/ir/any_body.h"

#include "../src/relocate.h"

#include <algorithm>
#include <bit>

namespace lathe::schedule {

namespace {

constexpr int64_t max_stack_bytes = 256 * 1024;
constexpr int64_t max_register_bytes = 16 * 1024;
constexpr int64_t max_frame_bytes = 960 * 1024; ///< of tensors that live at the same time

/// Stack and registers need a constant and small size.
void check_size(const Edit& e, const Tensor& t) {
    int64_t bytes = (t.type.width() + 7) / 8;
    int64_t most = t.space == MemorySpace::stack() ? max_stack_bytes : max_register_bytes;
    for (const Dim& d : t.dims) {
        auto extent = as_int(d.extent);
        if (!extent)
            e.refuse("the extent {} of {}, in {} memory, is not constant. Compute it inside a tile of "
                     "constant size",
                     print(d.extent), t.symbol.name(), t.space.name());
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
        if (t.space == MemorySpace::heap()) continue;
        auto bytes = static_cast<int64_t>(std::bit_ceil(static_cast<uint64_t>(t.type.width() + 7) / 8));
        for (const Dim& d : t.dims)
            bytes *= std::max<int64_t>(*as_int(d.extent), 0);
        most += bytes;
    }
    return most;
}

/// What a CPU has.
constexpr std::string_view spaces[] = {"heap", "stack", "register"};
constexpr WordOperand words[] = {{"memory", spaces}};

void run(Edit& e) {
    MemorySpace space(e.step().words[0]);
    if (std::ranges::find(spaces, space.name()) == std::end(spaces))
        e.refuse("the CPU has heap, stack and register memory, and no {}", space.name());
    std::vector<Symbol> all;
    for (const Symbol& own : own_tensors(e.state(), e.step().func))
        for (const Symbol& s : e.images(own))
            all.push_back(s);
    bool found = false;
    Stmt body = transform(e.body(), [&](const Stmt& s) {
        const Allocate* a = s.as<Allocate>();
        if (!a) return s;
        return with_tensors(s, [&](Tensor& t) {
            if (std::ranges::find(all, t.symbol) == all.end()) return false;
            found = true;
            t.space = space;
            return true;
        });
    });
    if (!found)
        e.refuse("{} is an argument, or was inlined: it has no memory of its own", e.step().func.name());
    e.frames();
    e.set_body(std::move(body));
}

} // namespace

constinit const Primitive primitives::store_in{
    .name = "store_in",
    .text = "the memory that a Func's tensor lives in",
    .run = run,
    .acts_on = ActsOn::func,
    .named = Named::kept,
    .of_place = false,
    .words = words,
};

bool in_frame(const Stmt& s) {
    bool found = false;
    const auto framed = [](const Tensor& t) { return !(t.space == MemorySpace::heap()); };
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
            if (!(a->tensors[n].space == MemorySpace::heap())) check_size(e, a->tensors[n]);
    });
    if (frame_bytes(e.body()) > max_frame_bytes)
        e.refuse(
            "the tensors in stack and register memory would take more than {} bytes at one time. Keep one "
            "of them on the heap",
            max_frame_bytes);
}

} // namespace lathe::schedule
