if __name__ == "__main__":
    from shared.cli import main

    from payments.service import service

    main(service)
