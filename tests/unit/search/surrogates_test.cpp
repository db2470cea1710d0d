#include <gmock/gmock.h>

#include <cmath>
#include <random>

#include "search/hybrid/acquisition.hpp"
#include "search/hybrid/gaussian_process.hpp"
#include "search/hybrid/noise.hpp"
#include "search/hybrid/non_negative_least_squares.hpp"
#include "search/hybrid/power_model.hpp"
#include "search/hybrid/shape_model.hpp"

namespace autotune {
namespace {

TEST(GaussianProcess, HasTheClosedFormPosteriorOfTwoPoints) {
  Eigen::Matrix2d prior, noise;
  prior << 1.0, 0.5, 0.5, 1.0;
  noise << 0.25, 0, 0, 0.5;
  const GaussianProcess process(prior, noise, Eigen::Vector2d{1.0, -0.5});
  const Belief belief = process.at(Eigen::Vector2d{0.8, 0.3}, 1.0);
  // (K + N)^-1 = [1.5, -0.5; -0.5, 1.25] / 1.625, worked out by hand.
  EXPECT_NEAR(belief.mean, (0.8 * (1.5 + 0.25) + 0.3 * (-0.5 - 0.625)) / 1.625, 1e-9);
  EXPECT_NEAR(belief.variance, 1 - (0.64 * 1.5 - 2 * 0.24 * 0.5 + 0.09 * 1.25) / 1.625, 1e-9);
  EXPECT_NEAR(process.log_likelihood(),
              -0.5 * ((1 * 1.75 + -0.5 * -1.125) / 1.625 + std::log(1.625) +
                      2 * std::log(2 * std::numbers::pi)),
              1e-8);
}

TEST(GaussianProcess, GivesManyPointsAsOneByOne) {
  Eigen::Matrix2d prior;
  prior << 1.0, 0.2, 0.2, 1.0;
  const GaussianProcess process(prior, 0.1 * Eigen::Matrix2d::Identity(), Eigen::Vector2d{1, 2});
  Eigen::MatrixXd cross(2, 3);
  cross << 0.1, 0.5, 0.9, 0.7, 0.2, 0.1;
  const auto beliefs = process.at(cross, Eigen::Vector3d{1, 1.5, 2});
  for (int i = 0; i < 3; ++i) {
    const Belief alone = process.at(cross.col(i), 1 + 0.5 * i);
    EXPECT_DOUBLE_EQ(beliefs[static_cast<std::size_t>(i)].mean, alone.mean);
    EXPECT_EQ(process.mean(cross.col(i)), alone.mean);
    EXPECT_DOUBLE_EQ(beliefs[static_cast<std::size_t>(i)].variance, alone.variance);
  }
}

TEST(GaussianProcess, SaysNothingOfNoPoints) {
  const GaussianProcess process(Eigen::Matrix2d::Identity(), Eigen::Matrix2d::Identity(),
                                Eigen::Vector2d{1, 2});
  EXPECT_TRUE(process.at(Eigen::MatrixXd(2, 0), Eigen::VectorXd(0)).empty());
}

TEST(NonNegativeLeastSquares, IsTheOrdinarySolutionWhereThatIsPositive) {
  Eigen::MatrixXd a(4, 2);
  a << 1, 0, 0, 1, 1, 1, 2, 1;
  const Eigen::Vector2d x{3, 0.5};
  EXPECT_TRUE(non_negative_least_squares(a, a * x).isApprox(x, 1e-9));
}

TEST(NonNegativeLeastSquares, HoldsAtZeroWhatWouldBeNegative) {
  // Lawson and Hanson: with b = (1, -1) the second unknown would be -1; without it the first is 1.
  const Eigen::VectorXd x =
      non_negative_least_squares(Eigen::Matrix2d::Identity(), Eigen::Vector2d{1, -1});
  EXPECT_NEAR(x(0), 1, 1e-12);
  EXPECT_EQ(x(1), 0);
}

TEST(NonNegativeLeastSquares, MeetsTheKarushKuhnTuckerConditions) {
  std::mt19937_64 generator(3);
  std::normal_distribution<double> normal;
  for (int trial = 0; trial < 50; ++trial) {
    const Eigen::MatrixXd a =
        Eigen::MatrixXd::NullaryExpr(12, 4, [&] { return normal(generator); });
    const Eigen::VectorXd b = Eigen::VectorXd::NullaryExpr(12, [&] { return normal(generator); });
    const Eigen::VectorXd x = non_negative_least_squares(a, b);
    const Eigen::VectorXd gradient = a.transpose() * (b - a * x);
    for (int i = 0; i < 4; ++i) {
      EXPECT_GE(x(i), 0);
      EXPECT_NEAR(x(i) * gradient(i), 0, 1e-8);
      EXPECT_LE(gradient(i), 1e-8);
    }
  }
}

TEST(WindowNoise, PoolsReplicasToTheirMeanWhereNothingIsShared) {
  const WindowNoise white{.scatter = 0.1, .correlation = 0, .drift = 0};
  const std::vector<LogReading> readings{{7, 1.0, 0}, {3, 5.0, 1}, {7, 2.0, 2}, {7, 3.0, 3}};
  const PooledReadings pooled = pool(readings, white);
  ASSERT_THAT(pooled.points, ::testing::ElementsAre(7, 3));
  EXPECT_NEAR(pooled.values(0), 2, 1e-9);
  EXPECT_NEAR(pooled.values(1), 5, 1e-9);
  EXPECT_NEAR(pooled.covariance(0, 0), 0.01 / 3, 1e-9);
  EXPECT_NEAR(pooled.covariance(1, 1), 0.01, 1e-9);
}

TEST(WindowNoise, LosesNothingByPooling) {
  const std::vector<LogReading> readings{{1, 0.10, 0}, {2, 0.30, 9}, {1, 0.12, 20}, {2, 0.27, 31}};
  const WindowNoise noise{.scatter = 0.02};
  // The likelihood of all readings, a point's values being alike, against that of the pooled ones.
  Eigen::MatrixXd full(4, 4), prior(2, 2);
  prior << 0.04, 0.01, 0.01, 0.04;
  for (int i = 0; i < 4; ++i) {
    for (int j = 0; j < 4; ++j) {
      const double apart = std::abs(readings[static_cast<std::size_t>(i)].at_seconds -
                                    readings[static_cast<std::size_t>(j)].at_seconds);
      full(i, j) = 0.0004 * std::pow(noise.correlation, std::abs(i - j)) +
                   noise.drift * noise.drift * std::exp(-apart / noise.drift_seconds) +
                   prior(i % 2, j % 2);
    }
  }
  const Eigen::Vector4d values{0.10, 0.30, 0.12, 0.27};
  const GaussianProcess whole(full, Eigen::MatrixXd::Zero(4, 4), values);
  const PooledReadings pooled = pool(readings, noise);
  const GaussianProcess parts(prior, pooled.covariance, pooled.values);
  EXPECT_NEAR(parts.log_likelihood() + pooled.log_likelihood, whole.log_likelihood(), 1e-5);
}

/// Of `count` windows over `distinct` batches.
std::vector<LogReading> readings_of(std::size_t count, std::size_t distinct) {
  std::mt19937_64 generator(3);
  std::normal_distribution<double> normal(0, 0.02);
  std::vector<LogReading> readings;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t point = 1 + i * 7 % distinct;
    const double truth = 0.1 * std::sin(0.2 * static_cast<double>(point));
    readings.push_back({point, truth + normal(generator), 2.0 * static_cast<double>(i)});
  }
  return readings;
}

TEST(WindowNoise, LeavesManyReadingsWithFewReplicasAsTheyAre) {
  EXPECT_EQ(gathered_points(readings_of(50, 50)).size(), 50u);
  EXPECT_EQ(gathered_points(readings_of(99, 60)).size(), 60u);
  EXPECT_EQ(gathered_points(readings_of(110, 60)).size(), 110u);
  EXPECT_EQ(gathered_points(readings_of(150, 60)).size(), 60u);
}

TEST(WindowNoise, TellsTheSamePooledOrNot) {
  const auto readings = readings_of(110, 60);
  const auto kernel = [](std::size_t a, std::size_t b) {
    const double apart = static_cast<double>(a) - static_cast<double>(b);
    return 0.01 * std::exp(-0.002 * apart * apart) + (a == b ? 0.0004 : 0);
  };
  const auto posterior = [&](const PooledReadings& of) {
    const auto n = static_cast<Eigen::Index>(of.points.size());
    Eigen::MatrixXd prior(n, n);
    Eigen::VectorXd cross(n);
    for (Eigen::Index i = 0; i < n; ++i) {
      const std::size_t point = of.points[static_cast<std::size_t>(i)];
      cross(i) = kernel(point, 33);
      for (Eigen::Index j = 0; j < n; ++j) {
        prior(i, j) = kernel(point, of.points[static_cast<std::size_t>(j)]);
      }
    }
    const GaussianProcess process(prior, of.covariance, of.values);
    return std::pair{process.at(cross, kernel(33, 33)),
                     process.log_likelihood() + of.log_likelihood};
  };
  const auto [pooled, pooled_likelihood] = posterior(pool(readings, {}));
  const auto [whole, likelihood] = posterior(gather(readings, {}));
  EXPECT_NEAR(whole.mean, pooled.mean, 1e-6);
  EXPECT_NEAR(whole.variance, pooled.variance, 1e-8);
  EXPECT_NEAR(likelihood, pooled_likelihood, 1e-3);
}

Features at(std::size_t arm, double batch) {
  Features made{.point = arm * 10000 + static_cast<std::size_t>(batch),
                .arm = arm,
                .batch = batch,
                .log2_batch = std::log2(batch)};
  for (std::size_t t = 0; t < tile_sizes.size(); ++t) {
    made.waste[t] = tile_waste(batch, tile_sizes[t]);
  }
  return made;
}

Features of_point(std::size_t point) {
  return at(point / 10000, static_cast<double>(point % 10000));
}

TEST(PowerModel, LearnsASmoothCurveFromAFewNoisyWindows) {
  const auto log_watts = [](double batch) { return 5 + 0.3 * batch / (batch + 96); };
  std::mt19937_64 generator(5);
  std::normal_distribution<double> noise(0, 0.02);
  std::vector<LogReading> readings;
  for (const std::size_t batch : {16, 64, 128, 256, 512, 16, 64, 128, 256, 512}) {
    readings.push_back({batch, log_watts(static_cast<double>(batch)) + noise(generator),
                        1.5 * static_cast<double>(readings.size())});
  }
  Surrogate power;
  power.learn(
      readings, of_point, [](const Features&) { return 5.0; }, &power_kernels());
  const Features asked[] = {at(0, 90), at(0, 400)};
  for (const auto& [features, belief] : {std::pair{asked[0], power.beliefs(asked)[0]},
                                         std::pair{asked[1], power.beliefs(asked)[1]}}) {
    EXPECT_NEAR(belief.mean, log_watts(features.batch), 0.03);
    EXPECT_LT(std::sqrt(belief.variance), 0.05);
  }
}

TEST(PowerModel, KnowsAGapBetterThanItsEnds) {
  const std::vector<LogReading> readings{{256, 5.0, 0}};
  Surrogate power;
  power.learn(
      readings, of_point, [](const Features&) { return 5.0; }, &power_kernels());
  const Features near[] = {at(0, 255)};
  EXPECT_LT(power.gaps(near, at(0, 256)).front().variance,
            0.2 * power.beliefs(near).front().variance);
}

TEST(ShapeModel, RecoversTheLawItIsMadeOf) {
  std::vector<Features> points;
  std::vector<double> energies;
  for (const double batch : {1, 2, 4, 8, 16, 32, 64, 128, 256}) {
    for (const std::size_t arm : {0, 1}) {
      points.push_back(at(arm, batch));
      energies.push_back(std::log((arm ? 0.7 : 1.0) * (6 / batch + 1 + 0.4 * batch / 256)));
    }
  }
  const EnergyShape shape = fit_shape(points, energies, 2);
  for (std::size_t i = 0; i < points.size(); ++i) {
    EXPECT_NEAR(shape.log_energy(points[i]), energies[i], 0.06);
  }
  EXPECT_NEAR(shape.log_level[1] - shape.log_level[0], std::log(0.7), 0.04);
}

TEST(ShapeModel, CountsThePaddingOfTheLastTile) {
  EXPECT_EQ(tile_waste(64, 64), 0);
  EXPECT_NEAR(tile_waste(65, 64), 128.0 / 65 - 1, 1e-12);
  EXPECT_EQ(tile_waste(1, 256), 1.5);
}

TEST(Acquisition, ExpectsNothingOfWhatIsSurelyWorseAndHalfADeviationOfATie) {
  EXPECT_NEAR(expected_improvement({1, 0.01}, 0), 0, 1e-9);
  EXPECT_NEAR(expected_improvement({0, 0.01}, 0), 0.1 / std::sqrt(2 * std::numbers::pi), 1e-12);
  EXPECT_EQ(expected_improvement({-0.2, 0}, 0), 0.2);
}

TEST(Acquisition, ExpectsOfUniformBoundsTheirPartBelow) {
  EXPECT_DOUBLE_EQ(expected_improvement(-0.1, 0.1, 0.0), 0.025);
  EXPECT_EQ(expected_improvement(0.1, 0.2, 0.0), 0);
  EXPECT_DOUBLE_EQ(expected_improvement(-0.3, -0.1, 0.0), 0.2);
}

}  // namespace
}  // namespace autotune
