#include "lenet/generator.h"

#include "lenet/network.h"

#include <memory>

using namespace lathe;

namespace {

Activation activation_of(const GeneratorArguments& a) {
    return a.text("activation") == "relu" ? Activation::relu : Activation::tanh;
}

/// Groups: weights1 … weights4, in1 … in4, and for all layers at once weights, in, and all.
Exploration exploration(const GeneratorArguments& a) {
    const LeNet net = lenet(activation_of(a));
    if (a.integer("images") < 1) ir::fail({}, "images is 1 or more, not {}", a.integer("images"));
    const auto data = std::make_shared<LeNetData>(activation_of(a), a.text("data"), a.text("digits"));
    const int64_t images = std::min(a.integer("images"), data->count());
    Exploration e{cpu_schedule(net, a.target()), {}};
    e.files = LeNetData::files(activation_of(a), a.text("data"), a.text("digits"));
    const std::vector<TensorRef> read = net.activation_tensors();
    for (size_t l = 0; l < 4; ++l) {
        e.groups.push_back({fmt::format("weights{}", l + 1), {net.weights[2 * l], net.weights[2 * l + 1]}});
        e.groups.push_back({fmt::format("in{}", l + 1), {read[l]}});
    }
    e.groups.push_back({"weights", net.weight_tensors()});
    e.groups.push_back({"in", read});
    std::vector<TensorRef> every = net.weight_tensors();
    every.insert(every.end(), read.begin(), read.end());
    e.groups.push_back({"all", every});
    const Type others = a.type("others");
    e.apply = [net, others](Schedule& s, const std::map<std::string, Type>& chosen) {
        std::array<Type, 4> weights, in;
        for (size_t l = 0; l < 4; ++l) {
            const auto of = [&](const std::string& group) {
                for (const std::string& name : {group + std::to_string(l + 1), group, std::string("all")})
                    if (const auto found = chosen.find(name); found != chosen.end()) return found->second;
                return others;
            };
            weights[l] = of("weights");
            in[l] = of("in");
        }
        quantize(s, net, weights, in);
    };
    e.score = [data, images](const Schedule& s) { return data->accuracy(s, images); };
    return e;
}

} // namespace

Generator lenet_generator() {
    return {
        "lenet",
        "digits by a convolutional network",
        {{"activation", "tanh", "", {"relu", "tanh"}},
         {"data", SUPPORT_DATA, "explore: the folder of weights and digits"},
         {"digits", "digits-test", "explore: the digits' files are called DIGITS-images.idx3.gz and so on"},
         {"images", 1000, "explore: how many of them"},
         {"others", Fixed(16, 12, Round::rnd, Overflow::sat), "explore: the type of what does not vary"}},
        [](const GeneratorArguments& a) { return cpu_schedule(lenet(activation_of(a)), a.target()); },
        exploration};
}
