#include "support/network_check.h"

#include "lathe/ir/inline_calls.h"
#include "lathe/ir/network.h"
#include "lathe/ir/visit.h"
#include "support/vitis.h"

#include <random>

namespace support {

using namespace lathe;

namespace {

void add_network(NetworkSize& size, const Module& m, const ir::Dataflow& d) {
    const ir::ProcessNetwork net = ir::network_of(m, d);
    size.processes += static_cast<int64_t>(net.processes.size());
    size.fifos += static_cast<int64_t>(net.channels.size());
    for (const ir::NetworkChannel& c : net.channels) {
        const ir::StreamDeclaration& s = net.streams[c.stream];
        size.tokens += ir::evaluate(c.tokens).as_int64();
        int64_t bits = s.depth * s.type.width();
        for (const int64_t extent : s.block)
            bits *= extent;
        size.bits += bits;
    }
}

using Arguments = std::vector<AnyBuffer>;

/// The inputs' copies, and outputs of zeros.
Arguments arguments_of(const Module& m, const Arguments& inputs) {
    Arguments all;
    size_t n = 0;
    for (const ir::Argument& a : m.top().arguments)
        all.push_back(a.direction == ir::Direction::out ? ir::buffer_for(a.tensor, {}) : inputs[n++].copy());
    return all;
}

Arguments run_with(const Module& m, const Arguments& inputs, const auto& run) {
    Arguments all = arguments_of(m, inputs);
    std::vector<AnyBuffer*> pointers;
    for (AnyBuffer& b : all)
        pointers.push_back(&b);
    run(pointers);
    return all;
}

Arguments interpreted(const Module& m, const Arguments& inputs, std::optional<uint64_t> seed = {}) {
    ir::InterpretOptions options;
    options.stall_seed = seed;
    return run_with(m, inputs, [&](const auto& pointers) { interpret(m, pointers, {}, options); });
}

Arguments as_code(const Module& m, const Arguments& inputs) {
    return run_with(m, inputs, [&](const auto& pointers) { jit(m).call(pointers); });
}

void expect_equal(const Module& m, const Arguments& right, const Arguments& got, const char* where) {
    for (size_t n = 0; n < right.size(); ++n)
        if (!bit_equal(right[n], got[n]))
            ir::fail({}, "{} of {} differs {}", m.top().arguments[n].tensor.symbol.name(), m.top().name,
                     where);
}

} // namespace

std::string NetworkSize::str() const {
    if (processes == 0) return "no network";
    return fmt::format("{} processes, {} FIFOs with room for {} bits, {} tokens", processes, fifos, bits,
                       tokens);
}

NetworkSize network_size(const Module& m) {
    NetworkSize size;
    ir::for_each(
        m.top().body,
        [&](const ir::Stmt& s) {
            if (const auto* d = s.as<ir::Dataflow>()) add_network(size, m, *d);
        },
        nullptr);
    return size;
}

std::vector<AnyBuffer> random_inputs(const Module& m, double most) {
    std::mt19937 random(7);
    std::vector<AnyBuffer> inputs;
    for (const ir::Argument& a : m.top().arguments) {
        if (a.direction == ir::Direction::out) continue;
        AnyBuffer b = ir::buffer_for(a.tensor, {});
        const size_t each = ir::element_bytes(b.type());
        for (int64_t n = 0; n < b.size(); ++n) {
            const double value = most * static_cast<double>(random() % (1 << 20)) / (1 << 20);
            ir::store_element(b.type(), b.data() + static_cast<size_t>(n) * each,
                              ir::cast(b.type(), Value::from_double(Float(64), value)));
        }
        inputs.push_back(b);
    }
    return inputs;
}

std::string check_everywhere(const Schedule& s, const std::vector<AnyBuffer>& inputs,
                             const std::string& folder, const std::string& top) {
    const Module& m = s.module();
    const Arguments right = interpreted(s.reference(), inputs);
    expect_equal(m, right, interpreted(m, inputs), "in the interpreter");
    for (const uint64_t seed : {1, 2})
        expect_equal(m, right, interpreted(m, inputs, seed), "in another order of turns");
    expect_equal(m, right, as_code(m, inputs), "as machine code");
    expect_equal(m, right, as_code(ir::inline_calls(ir::without_origins(m)), inputs),
                 "as machine code of the network");
    if (folder.empty()) return "interpreter = machine code";
    VitisOptions options{.top = top};
    options.inputs = inputs;
    std::string said = run_vitis(m, folder, options);
    while (said.ends_with('\n'))
        said.pop_back();
    return "interpreter = machine code = Vitis C++ (" + said + ")";
}

std::vector<AnyBuffer> check_on_cpu(const Schedule& s, const std::vector<AnyBuffer>& inputs) {
    const Module& m = s.module();
    Arguments right = as_code(m, inputs);
    expect_equal(m, right, as_code(ir::inline_calls(ir::without_origins(m)), inputs), "in the network");
    Arguments outputs;
    for (size_t n = 0; n < right.size(); ++n)
        if (m.top().arguments[n].direction == ir::Direction::out) outputs.push_back(right[n]);
    return outputs;
}

} // namespace support
