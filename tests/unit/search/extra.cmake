# The surrogates speak in matrices.
target_link_libraries(${program} PRIVATE Eigen3::Eigen)
