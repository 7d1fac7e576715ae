import ArgumentParser
import KilnDefinition

extension FleetName: ExpressibleByArgument {
    package init?(argument: String) {
        try? self.init(parsing: argument)
    }
}

extension ImageName: ExpressibleByArgument {
    package init?(argument: String) {
        try? self.init(parsingWithPlatform: argument)
    }
}

extension EnvironmentName: ExpressibleByArgument {
    package init?(argument: String) {
        try? self.init(parsing: argument)
    }
}
