#include "abi.h"

#include "lathe/ir/buffer.h"
#include "lathe/ir/text.h"
#include "ops.h"

#include <algorithm>

namespace lathe::codegen {

Abi make_abi(const Module& original, const Module& machine, const std::string& name) {
    invariant(is_c_identifier(name), "a function's name is an identifier");
    const Function &before = original.top(), &f = machine.top();
    invariant(before.arguments.size() == f.arguments.size() && before.params.size() == f.params.size(),
              "lowering changed a function's arguments");
    Abi abi;
    abi.name = name;
    for (size_t i = 0; i < f.arguments.size(); ++i) {
        const Tensor& t = f.arguments[i].tensor;
        BufferArgument a{t, before.arguments[i].tensor.type, f.arguments[i].direction, halide_type(t.type)};
        a.limbs = limbs_of(t.type);
        abi.buffers.push_back(std::move(a));
    }
    const auto places = [&](const Param& p) {
        const auto is = [&](const Expr& e) {
            const auto* v = e.as<Variable>();
            return v && v->symbol == p.symbol;
        };
        std::vector<SizePlace> found;
        for (size_t i = 0; i < abi.buffers.size() && p.type.is_index(); ++i)
            for (int d = 0; d < abi.buffers[i].rank(); ++d) {
                const Dim& dim = abi.buffers[i].tensor.dims[static_cast<size_t>(d)];
                if (is(dim.extent))
                    found.push_back({i, d, false});
                else if (is(dim.min))
                    found.push_back({i, d, true});
            }
        return found;
    };
    for (size_t i = 0; i < f.params.size(); ++i) {
        if (auto found = places(f.params[i]); !found.empty())
            abi.sizes.push_back({f.params[i].symbol, std::move(found)});
        else
            abi.scalars.push_back({f.params[i].symbol, f.params[i].type, before.params[i].type});
    }
    return abi;
}

std::string c_type(Type t) {
    if (t.is_bool()) return "bool";
    if (t.is_index()) return "int64_t";
    if (t == Float(32)) return "float";
    if (t == Float(64)) return "double";
    if (t.is_float()) return "uint16_t";
    if (is_wide(t)) return "const uint64_t*";
    return fmt::format("{}int{}_t", t.is_signed() ? "" : "u", container_bits(t));
}

} // namespace lathe::codegen
