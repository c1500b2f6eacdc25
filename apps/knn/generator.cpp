#include "knn/generator.h"

#include "knn/algorithm.h"

using namespace lathe;

Generator knn_generator() {
    return {"knn", "digits by their three nearest neighbours", {}, [](const GeneratorArguments&) {
                return cpu_schedule(knn());
            }};
}
