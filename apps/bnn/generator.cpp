#include "bnn/generator.h"

#include "bnn/algorithm.h"

using namespace lathe;

Generator bnn_generator() {
    return {"bnn", "digits by a binary network", {}, [](const GeneratorArguments&) {
                return cpu_schedule(bnn());
            }};
}
