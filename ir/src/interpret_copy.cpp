/// \file Copies between host and device.

#include "interpret_compile.h"

#include <cstring>

namespace lathe::ir::interpreter {

namespace {

struct CopyAction final : Action {
    Stmt statement;
    size_t from = 0, to = 0; ///< into Frame::tensors

    void run(Frame& f) const override {
        ++f.epoch;
        const auto& s = *statement.as<Copy>();
        const TensorState &a = f.tensors[from], &b = f.tensors[to];
        copy_elements(a.buffer, b.buffer);
        std::vector<uint8_t> marks;
        a.for_each_mark([&](uint8_t& m) { marks.push_back(m); });
        size_t n = 0;
        b.for_each_mark([&](uint8_t& m) { m = a.known ? 1 : marks[n++]; });
        if (f.copies) f.copies->push_back(copy_use(s, a.buffer));
    }
};

} // namespace

void copy_elements(const AnyBuffer& from, const AnyBuffer& to) {
    const size_t size = element_bytes(from.type());
    const int rank = from.rank();
    std::vector<int64_t> at(static_cast<size_t>(rank));
    for (int64_t n = 0; n < from.size(); ++n) {
        int64_t a = 0, b = 0;
        for (int d = 0; d < rank; ++d) {
            a += at[static_cast<size_t>(d)] * from.stride(d);
            b += at[static_cast<size_t>(d)] * to.stride(d);
        }
        const auto bytes = static_cast<int64_t>(size);
        std::memcpy(to.data() + b * bytes, from.data() + a * bytes, size);
        for (int d = rank; d-- > 0;) {
            if (++at[static_cast<size_t>(d)] < from.extent(d)) break;
            at[static_cast<size_t>(d)] = 0;
        }
    }
}

CopyUse copy_use(const Copy& s, const AnyBuffer& from) {
    return {s.from.name(), s.to.name(), s.side,
            from.size() * static_cast<int64_t>(element_bytes(from.type()))};
}

std::unique_ptr<const Action> compile_copy(Scope& scope, const Copy& s) {
    auto a = std::make_unique<CopyAction>();
    a->statement = Copy::make(s.from, s.to, s.side, s.type, s.dims, s.loc);
    a->from = scope.tensor(s.from, s.loc).index;
    a->to = scope.tensor(s.to, s.loc).index;
    return a;
}

} // namespace lathe::ir::interpreter
