#include "lathe/dsl/extern.h"

#include "recorder.h"

#include "lathe/ir/text.h"

namespace lathe {

using namespace ir;

namespace {

/// The C function's parameters are what the arguments ask for.
void check_signature(const Name& name, const std::vector<KernelArgument>& arguments,
                     const std::vector<ExternParameter>& parameters) {
    if (parameters.size() != arguments.size())
        fail(name.loc, "the function given for {} takes {} arguments, and {} are listed", name.text,
             parameters.size(), arguments.size());
    for (size_t n = 0; n < arguments.size(); ++n) {
        const KernelArgument& a = arguments[n];
        const std::string& what = a.tensor ? a.tensor->name() : a.param->symbol.name();
        if (bool(a.tensor) != parameters[n].is_buffer)
            fail(a.loc, "argument {} of the function given for {} is {}, and {} is {}", n, name.text,
                 parameters[n].is_buffer ? "a pointer" : "a number", what,
                 a.tensor ? "a tensor: pass a halide_buffer_t*" : "a number");
        if (a.tensor) continue;
        const Type t = a.param->type.is_index() ? Int(64) : a.param->type;
        const Type given = parameters[n].scalar;
        // C has no type for 16-bit floats: their bits are passed.
        const bool bits = t.is_float() && t.width() == 16 && given == UInt(16);
        if (!bits && halide_type(t) != halide_type(given))
            fail(a.loc, "argument {} of the function given for {} is {}, and {} is {}", n, name.text,
                 given.str(), what, a.param->type.str());
    }
}

} // namespace

Extern::Extern(Name name, const std::vector<KernelArgument>& arguments, ExternOptions options)
    : Extern(name, arguments, {}, nullptr, nullptr, std::move(options)) {}

Extern::Extern(const Name& name, const std::vector<KernelArgument>& arguments,
               const std::vector<ExternParameter>& parameters, Invoke invoke, void (*address)(),
               ExternOptions options)
    : Kernel(name, arguments, [](KernelBody&) {}) {
    if (!is_c_identifier(name.text))
        fail(name.loc, "\"{}\" cannot be the name of an extern function: it is a symbol of C", name.text);
    if (invoke) check_signature(name, arguments, parameters);
    auto external = std::make_shared<ExternFunction>();
    external->name = name.text;
    external->invoke = address ? invoke : nullptr;
    external->address = address;
    external->vitis = std::move(options.vitis);
    kernel->external = std::move(external);
}

} // namespace lathe
