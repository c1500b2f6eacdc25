#include "c_header.h"

#include "lathe/ir/inline_calls.h"
#include "lathe/ir/print.h"
#include "lathe/ir/text.h"
#include "lathe/ir/visit.h"

#include <algorithm>
#include <fmt/ranges.h>
#include <set>

namespace lathe::codegen {

namespace {

/// halide_buffer_t in our words, for those who do not have Halide's header.
constexpr const char* declarations = R"(#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if !defined(HALIDE_HALIDERUNTIME_H) && defined(__has_include)
#if __has_include("HalideRuntime.h")
#include "HalideRuntime.h"
#endif
#endif

#if !defined(HALIDE_HALIDERUNTIME_H) && !defined(LATHE_HALIDE_BUFFER)
#define LATHE_HALIDE_BUFFER
#ifdef __cplusplus
extern "C" {
#endif
struct halide_type_t {
    uint8_t code; /* 0 signed integer, 1 unsigned integer or bool, 2 float, 4 bfloat */
    uint8_t bits;
    uint16_t lanes; /* 1 */
};
typedef struct halide_dimension_t {
    int32_t min, extent, stride; /* stride in elements */
    uint32_t flags;
} halide_dimension_t;
typedef struct halide_buffer_t {
    uint64_t device;
    const struct halide_device_interface_t *device_interface;
    uint8_t *host; /* the element at the mins */
    uint64_t flags;
    struct halide_type_t type;
    int32_t dimensions;
    halide_dimension_t *dim; /* the innermost dimension, which is a tensor's last, first */
    void *padding;
} halide_buffer_t;

/* The runtime defines these weakly: a program may define its own. */
void halide_error(void *user_context, const char *message);
void halide_print(void *user_context, const char *line);
void *halide_malloc(void *user_context, size_t size);
void halide_free(void *user_context, void *memory);
int halide_do_par_for(void *user_context, int (*task)(void *user_context, int index, uint8_t *closure), int min,
                      int size, uint8_t *closure);
/* Each returns what was set before. Without a handler an error prints its message and aborts. */
void (*halide_set_error_handler(void (*handler)(void *user_context, const char *message)))(void *, const char *);
int halide_set_num_threads(int n);

/* What a program may ask about a generated function. */
struct halide_filter_argument_t {
    const char *name;
    int32_t kind; /* 0 scalar, 1 input buffer, 2 output buffer */
    int32_t dimensions;
    struct halide_type_t type;
    const void *scalar_def, *scalar_min, *scalar_max, *scalar_estimate; /* null */
    int64_t const *const *buffer_estimates;                             /* null */
};
struct halide_filter_metadata_t {
    int32_t version; /* 1 */
    int32_t num_arguments;
    const struct halide_filter_argument_t *arguments;
    const char *target, *name;
};
#ifdef __cplusplus
}
#endif
#endif
)";

std::string upper(std::string s) {
    std::ranges::transform(s, s.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    return s;
}

/// A C identifier for a tensor or scalar, which the prefix makes none of C's own; `taken` holds the names
/// before it.
std::string c_name(const std::string& name, std::vector<std::string>& taken) {
    std::string s = "arg_" + (is_c_identifier(name) ? name : identifier(name));
    while (std::ranges::find(taken, s) != taken.end())
        s += "_";
    taken.push_back(s);
    return s;
}

/// ", called arg_x_1" where that is not the name itself.
std::string called(const std::string& name, const std::string& in_c) {
    return in_c == "arg_" + name ? "" : ", called " + in_c;
}

std::string describe(const BufferArgument& a, const Tensor& original, const std::string& c_name) {
    constexpr const char* directions[] = {"input", "output", "input and output"};
    std::string shape;
    for (const Dim& d : original.dims) {
        if (!shape.empty()) shape += ", ";
        if (as_int(d.min) != 0) shape += print(d.min) + " + ";
        shape += print(d.extent);
    }
    std::string s = fmt::format("{} {}: {}[{}]", directions[static_cast<size_t>(a.direction)],
                                original.symbol.name(), a.type.str(), shape);
    if (a.limbs) s += fmt::format(", dimension 0 holds the {} limbs", a.limbs);
    return " *   " + comment_text(s + called(original.symbol.name(), c_name)) + "\n";
}

/// The functions that the program has to link.
std::string extern_functions(const Module& module) {
    std::set<std::string> names;
    for (const ExternCall* c : extern_calls(module))
        names.insert(c->callee->name);
    return names.empty() ? "" : fmt::format(" * Calls, to be linked with it: {}\n", fmt::join(names, ", "));
}

} // namespace

std::string c_header(const Abi& abi, const Module& original, const std::string& target) {
    std::string about, parameters;
    std::vector<std::string> taken;
    for (size_t i = 0; i < abi.buffers.size(); ++i) {
        const Tensor& t = original.top().arguments[i].tensor;
        const std::string name = c_name(t.symbol.name(), taken);
        about += describe(abi.buffers[i], t, name);
        parameters += ", struct halide_buffer_t *" + name;
    }
    for (const ScalarArgument& s : abi.scalars) {
        const std::string &given = s.symbol.name(), name = c_name(given, taken);
        about += " *   " +
                 comment_text(fmt::format("scalar {}: {}{}", given, s.type.str(), called(given, name))) +
                 "\n";
        parameters += ", " + c_type(s.machine) + " " + name;
    }
    about += extern_functions(original);
    const std::string guard = "LATHE_" + upper(abi.name) + "_H";
    const std::string plain = parameters.empty() ? "void" : parameters.substr(2);
    return fmt::format(
        "/* {0}, compiled by Lathe for {1}. Shapes are written outermost dimension first.\n{2} * Returns 0, "
        "or an error code after calling halide_error.\n"
        " * A buffer without memory (host and device are null) asks for its bounds: the call fills in its "
        "type "
        "and\n * dimensions, and computes nothing. One that has no elements, and whose type and dimensions "
        "already say so,\n * does not ask when others have memory: then it is a call. */\n#ifndef "
        "{3}\n#define "
        "{3}\n\n{4}\n#ifdef __cplusplus\nextern \"C\" {{\n#endif\nint {0}({5});\nint "
        "{0}_with_user_context(void *user_context{6});\nint "
        "{0}_argv(void **arguments); /* pointers to the "
        "buffers and the scalars */\nconst struct halide_filter_metadata_t *{0}_metadata(void);\nconst char "
        "*{0}_signature(void); /* the arguments and their full types, as JSON */\n#ifdef "
        "__cplusplus\n}}\n#endif\n\n#endif\n",
        abi.name, target, about, guard, declarations, plain, parameters);
}

} // namespace lathe::codegen
