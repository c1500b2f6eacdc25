/// Every layer follows quantize: an algorithm whose inputs are quantized to T is the one declared with T.

#include "program.h"

#include <lathe/nn/layers.h>

using namespace lathe;
using namespace lathe::ir;

namespace {

using Make = std::function<Func(const std::vector<Input>&)>;

struct Follower {
    const char* name;
    std::vector<std::vector<int64_t>> shapes; ///< of its inputs
    Make make;
    bool integers = false; ///< of these alone
};

/// The type's least and greatest values, zero, and others.
AnyBuffer values_of(Type t, const std::vector<int64_t>& shape, unsigned seed) {
    AnyBuffer b(t, shape);
    std::mt19937 random(seed);
    const size_t width = element_bytes(t);
    for (int64_t n = 0; n < b.size(); ++n) {
        const double some = (static_cast<double>(random() % 4001) - 2000) / (n % 2 ? 7 : 64);
        Value v = cast(t, Value::from_double(Float(64), n % 5 ? some : some * 1000));
        if (!t.is_float() && n % 11 == 3) v = min_value(t);
        if (!t.is_float() && n % 13 == 7) v = max_value(t);
        store_element(t, b.data() + static_cast<size_t>(n) * width, v);
    }
    return b;
}

AnyBuffer result(const Schedule& s, const std::vector<AnyBuffer>& inputs) {
    std::vector<AnyBuffer> all = inputs;
    all.push_back(buffer_for(s.module().top().arguments.back().tensor, {}));
    std::vector<AnyBuffer*> pointers;
    for (AnyBuffer& b : all)
        pointers.push_back(&b);
    interpret(s.module(), pointers);
    return all.back();
}

std::vector<Input> inputs_of(const Follower& f, const std::vector<Type>& types) {
    std::vector<Input> all;
    for (size_t n = 0; n < f.shapes.size(); ++n) {
        std::vector<Extent> extents(f.shapes[n].begin(), f.shapes[n].end());
        all.emplace_back(Name(std::string(1, static_cast<char>('a' + n))), types[n], Shape(extents));
    }
    return all;
}

/// Of types `from` and then quantized to `to` is of types `to`.
void expect_follows(const Follower& f, const std::vector<Type>& from, const std::vector<Type>& to) {
    const std::string what = fmt::format("{} from {} to {}", f.name, from[0].str(), to[0].str());
    const std::vector<Input> before = inputs_of(f, from), declared = inputs_of(f, to);
    Schedule quantized(before, {f.make(before)});
    std::vector<TypeChoice> choices;
    std::vector<AnyBuffer> data;
    for (size_t n = 0; n < to.size(); ++n) {
        choices.push_back({{before[n]}, to[n]});
        data.push_back(values_of(to[n], f.shapes[n], static_cast<unsigned>(n) + 1));
    }
    quantized.quantize(choices);
    const AnyBuffer got = result(quantized, data),
                    want = result(Schedule(declared, {f.make(declared)}), data);
    CHECK_MESSAGE(got.type() == want.type(), what, ": ", got.type().str(), " instead of ", want.type().str());
    if (got.type() == want.type()) expect_equal(got, want, what);
}

const nn::Pool padded = {.size = {3, 3}, .stride = {2, 1}, .padding = {1, 2}};

std::vector<Follower> layers() {
    const std::vector<int64_t> image = {2, 2, 5, 4};
    const auto of = [](auto layer) -> Make { return [=](const auto& in) { return layer(in[0]).out; }; };
    const Type sum = Fixed(60, 24);
    return {
        {"max_pool", {image}, of([](const Input& in) { return nn::max_pool("l", in, padded); })},
        {"average_pool", {image}, of([](const Input& in) { return nn::average_pool("l", in, padded); })},
        {"global_max_pool", {image}, of([](const Input& in) { return nn::global_max_pool("l", in); })},
        {"global_average_pool", {image}, of([](const Input& in) {
             return nn::global_average_pool("l", in);
         })},
        {"relu", {image}, of([](const Input& in) { return nn::relu("l", in); })},
        {"tanh", {image}, of([](const Input& in) { return nn::tanh("l", in); })},
        {"sigmoid", {image}, of([](const Input& in) { return nn::sigmoid("l", in); })},
        {"softmax", {{3, 5}}, of([](const Input& in) { return nn::softmax("l", in); })},
        {"flatten", {image}, of([](const Input& in) { return nn::flatten("l", in); })},
        {"requantize",
         {image},
         of([](const Input& in) { return nn::requantize("l", in, 0.3, 5, Int(6)); }),
         true},
        {"add", {image, image}, [](const auto& in) { return nn::add("l", in[0], in[1]).out; }},
        {"concat", {image, image}, [](const auto& in) { return nn::concat("l", {in[0], in[1]}).out; }},
        {"batch_norm",
         {image, {2}, {2}},
         [](const auto& in) { return nn::batch_norm("l", in[0], in[1], in[2]).out; }},
        {"conv2d",
         {image, {4, 1, 3, 3}, {4}},
         [=](const auto& in) {
             const nn::Conv2d o = {.padding = {2, 1}, .groups = 2, .type = sum};
             return nn::conv2d("l", in[0], in[1], nn::Values(in[2]), o).out;
         }},
        {"dense",
         {{2, 6}, {6, 3}},
         [=](const auto& in) { return nn::dense("l", in[0], in[1], {}, sum).out; }},
        {"pool, relu and pool",
         {image},
         [](const auto& in) {
             const nn::Layer p = nn::max_pool("p", in[0], padded), r = nn::relu("r", p);
             return nn::average_pool("l", r, padded).out;
         }},
        {"the greatest and where it is",
         {{3, 5}},
         [](const auto& in) {
             const Var n("n");
             const RDom k(0, 5, "k");
             Func l("l", {3});
             const Best best = argmax(k, in[0](n, k));
             l(n) = best.value + best.at[0];
             return l;
         }},
    };
}

} // namespace

TEST_CASE("layers: quantized to a type they are what they are when declared with it") {
    const std::vector<std::pair<Type, Type>> pairs = {
        {Int(8), Int(16)},
        {UInt(8), Int(8)},
        {Int(16), UInt(5)},
        {Float(32), Fixed(8, 4)},
        {Fixed(8, 4), Fixed(16, 4)},
        {Float(32), Float(64)},
        {Fixed(9, 3), Float(32)},
        {Float(32), Int(4)},
        {Float(16), Float(32)},
        {Float(32), BFloat(16)},
        {Float(32), Fixed(12, 7, Round::rnd, Overflow::sat)},
        {Float(64), Float(16)},
    };
    for (const Follower& f : layers())
        for (const auto& [from, to] : pairs) {
            if (f.integers && !(from.is_int() && to.is_int())) continue;
            CAPTURE(f.name);
            expect_follows(f, std::vector(f.shapes.size(), from), std::vector(f.shapes.size(), to));
            if (f.shapes.size() == 1) continue;
            std::vector<Type> one(f.shapes.size(), from); // the weights keep theirs
            one[0] = to;
            expect_follows(f, std::vector(f.shapes.size(), from), one);
        }
}

TEST_CASE("layers: a sum that is quantized is the one declared with that type") {
    const Input in("in", Int(8), {2, 2, 5, 4}), weights("weights", Int(8), {4, 2, 3, 3}),
        row("row", Int(8), {2, 6}), rows("rows", Int(8), {6, 3});
    const std::vector<AnyBuffer> images = {values_of(Int(8), {2, 2, 5, 4}, 1),
                                           values_of(Int(8), {4, 2, 3, 3}, 2)},
                                 table = {values_of(Int(8), {2, 6}, 3), values_of(Int(8), {6, 3}, 4)};
    const auto conv = [&](std::optional<Type> type) {
        return nn::conv2d("c", in, weights, {}, {.padding = {1, 1}, .type = type}).out;
    };
    const auto dense = [&](std::optional<Type> type) { return nn::dense("d", row, rows, {}, type).out; };
    for (const Type t : {Int(12), Fixed(9, 2, Round::trn, Overflow::sat), Float(32)}) {
        const Func c = conv({}), d = dense({});
        Schedule image({in, weights}, {c}), vector({row, rows}, {d});
        image.quantize(c, t);
        vector.quantize(d, t);
        expect_equal(result(image, images), result(Schedule({in, weights}, {conv(t)}), images), t.str());
        expect_equal(result(vector, table), result(Schedule({row, rows}, {dense(t)}), table), t.str());
    }
}
