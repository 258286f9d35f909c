module account

go 1.21
